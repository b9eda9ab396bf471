/** A window of the desktop: title bar, content, status bar. It can be rolled up into its title bar. */
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { IconName } from './icon';
import { Icon } from './icon';

export interface WindowProps {
  id: string;
  title: string;
  icon: IconName;
  /** Cells of the status bar. */
  status?: ComponentChildren;
  children: ComponentChildren;
}

export function Window({ id, title, icon, status, children }: WindowProps): JSX.Element {
  const [open, setOpen] = useState(true);
  return (
    <section class="window" id={id} aria-labelledby={`${id}-title`} tabIndex={-1}>
      <header class="title-bar">
        <Icon name={icon} />
        <h2 id={`${id}-title`}>{title}</h2>
        <button
          type="button"
          class="roll"
          aria-expanded={open}
          aria-controls={`${id}-content`}
          aria-label={`${open ? 'Roll up' : 'Roll down'} ${title}`}
          onClick={() => setOpen(!open)}
        >
          <span class={open ? 'roll-up' : 'roll-down'} />
        </button>
      </header>
      <div id={`${id}-content`} hidden={!open}>
        <div class="content">{children}</div>
        {status === undefined ? null : <footer class="status-bar">{status}</footer>}
      </div>
    </section>
  );
}

/** Brings a window to attention: scrolls to it and puts the focus there. */
export function focusWindow(id: string): void {
  document.getElementById(id)?.focus();
}
