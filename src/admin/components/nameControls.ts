/** Where AdminJS draws something that only eyes can tell apart, and what programs and keyboards are told of it. */
const RULES: [string, (element: HTMLElement) => Record<string, string>][] = [
  ['[data-css="topbar"]', () => ({ role: 'banner' })],
  ['[data-css="topbar"] > section:first-child', () => ({ role: 'button', tabindex: '0', 'aria-label': 'Menu' })],
  // What opens by a mouse over it only has nothing that the record's own page has not.
  ['a.adminjs_Button:not([href]):not([data-testid="actions-dropdown"])', () => ({ role: 'button', tabindex: '0' })],
  ['[data-css="notice"] button', () => ({ 'aria-label': 'Close' })],
  ['.adminjs_ActionHeader h2', () => ({ 'aria-level': '1' })],
  ['.adminjs_InfoBox h4', () => ({ 'aria-level': '1' })],
  ['thead td:not(:empty)', () => ({ role: 'columnheader' })],
  ['thead input[type="checkbox"]', () => ({ 'aria-label': 'All on this page' })],
  ['tbody input[type="checkbox"]', (box) => ({ 'aria-label': `Select ${titleOfRow(box)}` })],
  ['.adminjs_Pagination [data-testid="first"]', () => ({ 'aria-label': 'First page' })],
  ['.adminjs_Pagination [data-testid="previous"]', () => ({ 'aria-label': 'Previous page' })],
  ['.adminjs_Pagination [data-testid="next"]', () => ({ 'aria-label': 'Next page' })],
  ['.adminjs_Pagination [data-testid="last"]', () => ({ 'aria-label': 'Last page' })],
  ['.adminjs_Pagination [data-testid^="page-"]', (page) => ({ 'aria-label': `Page ${page.textContent}` })],
  ['[data-css$="-filter-drawer-content"] h3 ~ button', () => ({ 'aria-label': 'Close the filters' })],
  ['[data-testid^="property-filter-"] input', (input) => ({ 'aria-label': labelOfFilter(input) })],
];

/** Names what AdminJS leaves without a name, for as long as the page lives: it draws anew whatever it likes. */
export function nameControls(): void {
  new MutationObserver(nameAll).observe(document, { childList: true, subtree: true });
  document.addEventListener('keydown', pressAsButton);
}

function nameAll(): void {
  for (const [selector, attributesOf] of RULES)
    for (const element of document.querySelectorAll<HTMLElement>(selector))
      for (const [name, value] of Object.entries(attributesOf(element)))
        if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** What is drawn as a button is pressed like one. */
function pressAsButton(event: KeyboardEvent): void {
  const { target, key } = event;
  if (!(target instanceof HTMLElement) || target.tagName === 'BUTTON' || target.getAttribute('role') !== 'button')
    return;
  if (key !== 'Enter' && key !== ' ') return;
  event.preventDefault();
  target.click();
}

function titleOfRow(box: HTMLElement): string {
  return box.closest('tr')?.querySelector('[data-property-name]')?.textContent ?? '';
}

/** `Since, from`: a period has a label for both of its ends, and one for each. */
function labelOfFilter(input: HTMLElement): string {
  const group = input.closest('[data-testid^="property-filter-"]');
  const [label, ...ends] = [...(group?.querySelectorAll('label') ?? [])].map(({ textContent }) =>
    textContent.replace(/^- |: ?$/g, ''),
  );
  const end = ends[[...(group?.querySelectorAll('input') ?? [])].indexOf(input as HTMLInputElement)];
  return [label, end?.toLowerCase()].filter(Boolean).join(', ');
}
