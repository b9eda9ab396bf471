/** What the server says about itself. */
import { computed, signal } from '@preact/signals';
import { fetchConfig } from '../api/calls';
import type { ServerConfig } from '../api/types';
import type { Loadable } from './loadable';
import { load, nothing } from './loadable';

export const server = signal<Loadable<ServerConfig>>(nothing());

/** Whether the server gives starter grants. */
export const isDemo = computed(() => server.value.value?.demo ?? false);

export async function loadServer(): Promise<void> {
  await load(server, fetchConfig);
}
