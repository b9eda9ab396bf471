/** Small pictures drawn pixel by pixel, in the text's colour. */
import type { JSX } from 'preact';

const PICTURES = {
  key: `
    ............
    .####.......
    ##..##......
    #....#......
    #....#######
    ##..##..#.##
    .####...#..#
    ............`,
  purse: `
    ............
    .....###....
    ....#...#...
    .##########.
    .#........#.
    .#......###.
    .#......#.#.
    .#......###.
    .#........#.
    .##########.`,
  swap: `
    ............
    .......#....
    .########...
    .......##...
    .......#....
    ....#.......
    ...##.......
    ...########.
    ....#.......`,
  pool: `
    ............
    ..##...##...
    .#..#.#..#.#
    #....#....#.
    ............
    ..##...##...
    .#..#.#..#.#
    #....#....#.
    ............`,
  history: `
    ...#####....
    ..#.....#...
    .#...#...#..
    #....#....#.
    #....#....#.
    #....####.#.
    #.........#.
    .#.......#..
    ..#.....#...
    ...#####....`,
  chart: `
    #...........
    #.......###.
    #......#...#
    #..#...#....
    #.#.#.#.....
    ##...#......
    #...........
    #...........
    ############`,
  about: `
    ....####....
    ..##....##..
    .#...##...#.
    .#........#.
    #....##....#
    #....##....#
    .#...##...#.
    .#...##...#.
    ..##....##..
    ....####....`,
} as const;

export type IconName = keyof typeof PICTURES;

const SIZE = 12;

/** Turns a picture into one path of unit squares. */
function path(picture: string): string {
  const rows = picture
    .trim()
    .split('\n')
    .map((row) => row.trim());
  const top = Math.floor((SIZE - rows.length) / 2);
  return rows
    .flatMap((row, y) => [...row].map((pixel, x) => (pixel === '#' ? `M${x} ${y + top}h1v1h-1z` : '')))
    .join('');
}

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox={`0 0 ${SIZE} ${SIZE}`} aria-hidden="true" shape-rendering="crispEdges">
      <path d={path(PICTURES[name])} fill="currentColor" />
    </svg>
  );
}
