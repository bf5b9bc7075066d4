/** Makes tabs of sections that stand one below the other without script (WAI-ARIA's pattern, with automatic activation); runs in the browser. */
import { all, find, make } from './elements.js';

export function makeTabs(container: HTMLElement, label: string): void {
  const panels = all(container, ':scope > section', HTMLElement);
  const list = make('div', { role: 'tablist', 'aria-label': label });
  const tabs = panels.map((panel) => makeTab(panel));

  function choose(chosen: number): void {
    tabs.forEach((tab, index) => {
      tab.setAttribute('aria-selected', String(index === chosen));
      tab.tabIndex = index === chosen ? 0 : -1;
      const panel = panels[index];
      if (panel !== undefined) panel.hidden = index !== chosen;
    });
  }

  tabs.forEach((tab, index) => {
    tab.addEventListener('click', () => choose(index));
  });
  list.addEventListener('keydown', (event) => {
    const to = tabAfter(event.key, tabs.indexOf(event.target as HTMLButtonElement), tabs.length);
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
    tabs[to]?.focus();
  });
  list.append(...tabs);
  container.prepend(list);
  choose(0);
}

function makeTab(panel: HTMLElement): HTMLButtonElement {
  const heading = find(panel, 'h3', HTMLElement);
  const tab = make(
    'button',
    { type: 'button', role: 'tab', id: `${panel.id}-tab`, 'aria-controls': panel.id },
    heading.textContent ?? '',
  );
  panel.setAttribute('role', 'tabpanel');
  panel.setAttribute('aria-labelledby', tab.id);
  heading.remove();
  return tab;
}

function tabAfter(key: string, from: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowRight':
      return (from + 1) % count;
    case 'ArrowLeft':
      return (from + count - 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}
