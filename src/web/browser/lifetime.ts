/** Makes a slider of the list of lifetimes; runs in the browser. */
import { find, make } from './elements.js';

export function makeSlider(field: HTMLElement): void {
  const list = find(field, 'select', HTMLSelectElement);
  if (list.options.length < 2) return;
  const chosen = make('output', { for: 'lifetime-slider', 'aria-hidden': 'true' });
  const slider = make('input', {
    id: 'lifetime-slider',
    type: 'range',
    min: '0',
    max: String(list.options.length - 1),
    step: '1',
  });

  function show(): void {
    list.selectedIndex = slider.valueAsNumber;
    const words = list.selectedOptions[0]?.textContent ?? '';
    chosen.textContent = words;
    slider.setAttribute('aria-valuetext', words);
  }

  // The list stays, unseen: it is what the form sends.
  list.hidden = true;
  slider.valueAsNumber = list.selectedIndex;
  slider.addEventListener('input', show);
  // After the form has put the list back to what it was.
  list.form?.addEventListener('reset', () =>
    setTimeout(() => {
      slider.valueAsNumber = list.selectedIndex;
      show();
    }),
  );
  const label = find(field, 'label', HTMLLabelElement);
  label.htmlFor = slider.id;
  label.after(chosen, slider);
  show();
}
