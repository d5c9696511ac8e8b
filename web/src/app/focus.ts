import { useEffect } from 'react';

const layers = '[role="dialog"], [role="menu"], [role="listbox"]';
const fields = ':is(input:not([type="hidden"], [type="file"]), textarea, select, button, a[href], summary, [tabindex="0"]):not(:disabled)';

const close = '.mantine-Modal-close, .mantine-Drawer-close';
const beginning = (dialog: HTMLElement) => dialog.querySelector<HTMLElement>(`:is(.mantine-Modal-body, .mantine-Drawer-body) ${fields}`);

/** The dialog that lies on top, where one is open. */
export const topDialog = () => [...document.querySelectorAll<HTMLElement>('[role="dialog"]')].filter((d) => d.isConnected && d.getClientRects().length > 0).at(-1);

/** An element with all that it stands in, each with the place among the others there. */
interface Held { element: HTMLElement; around: { node: HTMLElement; at: number }[] }

function hold(element: HTMLElement): Held {
  const around: Held['around'] = [];
  for (let e: Element = element; e.parentElement && e.parentElement !== document.body; e = e.parentElement) around.push({ node: e.parentElement, at: [...e.parentElement.children].indexOf(e) });
  return { element, around };
}

const first = (node: Element | undefined) => (node?.matches(fields) ? (node as HTMLElement) : node?.querySelector<HTMLElement>(fields));

/** The line of a list whose thing is open beside it. */
const currentRow = (within: ParentNode): HTMLElement | undefined => [...within.querySelectorAll<HTMLElement>('button[aria-current="true"]')].find((e) => e.getClientRects().length > 0);

/** The field of the child that stands in a place, else of the nearest one before it, else of the first one after. */
function fieldNear(node: HTMLElement, at: number): HTMLElement | undefined {
  const children = [...node.children];
  const place = Math.min(at, children.length - 1);
  for (const child of [...children.slice(0, place + 1).reverse(), ...children.slice(place + 1)]) {
    const field = first(child);
    if (field) return field;
  }
  return undefined;
}

/**
 * What comes nearest to an element that is gone: what stands in its place now, the line of what is open instead, the nearest
 * field around it – the button that adds the next one, where it was the last of a list –, or the content.
 */
function nearest(held: Held | undefined): HTMLElement | null {
  if (held?.element.isConnected && !held.element.matches(':disabled')) return held.element;
  const content = document.getElementById('content');
  for (const { node, at } of held?.around ?? []) {
    if (!node.isConnected) continue;
    if (node.contains(content)) break;
    const field = currentRow(node) ?? fieldNear(node, at);
    if (field) return field;
  }
  return content;
}

/**
 * Keeps the keyboard's place. A dialog begins in its first field, as soon as there is one, instead of on its close button; when it
 * closes, or what had the focus goes away or rests for a while, the focus is where it was before, and not
 * at the beginning of the page. Gives back what ends it.
 */
export function keepFocus(): () => void {
  let last: Held | undefined;
  let outside: Held | undefined; // the last place that lies under every dialog and menu
  let loading: HTMLElement | undefined; // a dialog that has no field yet, for as long as one stays on its close button

  const onFocus = (event: FocusEvent) => {
    if (!(event.target instanceof HTMLElement)) return;
    const dialog = event.target.closest<HTMLElement>('[role="dialog"]');
    const entered = dialog && !(event.relatedTarget instanceof Node && dialog.contains(event.relatedTarget));
    last = hold(event.target);
    loading = undefined;
    if (!event.target.closest(layers)) outside = last;
    if (!entered || !event.target.matches(close)) return;
    if (!begin(dialog)) loading = dialog;
  };
  const begin = (dialog: HTMLElement): boolean => {
    const field = beginning(dialog);
    field?.setAttribute('data-autofocus', ''); // the dialog looks for it once more
    field?.focus();
    return field !== null;
  };
  const onBlur = (event: FocusEvent) => {
    // Somebody left for nowhere, as by a press beside everything: that is their wish.
    const left = event.target;
    if (event.relatedTarget || !(left instanceof HTMLElement) || !document.hasFocus()) return;
    queueMicrotask(() => { if (last?.element === left && left.isConnected && !left.matches(':disabled') && document.activeElement === document.body) last = undefined; }); // what is taken out of the page is left before it goes
  };
  const onChange = () => {
    if (loading && (!loading.isConnected || begin(loading))) loading = undefined;
    if (!last || (document.activeElement !== document.body && document.activeElement !== null)) return;
    if (last.element.isConnected && last.element.matches(':disabled')) return; // it rests: it is taken up again when it can be
    const dialog = topDialog();
    if (dialog?.contains(last.element)) return last.element.focus({ preventScroll: true });
    if (dialog) return beginning(dialog)?.focus();
    nearest(last.around.some(({ node }) => node.matches(layers)) ? outside : last)?.focus({ preventScroll: true });
  };
  const seen = new MutationObserver(onChange);
  document.addEventListener('focusin', onFocus);
  document.addEventListener('focusout', onBlur);
  seen.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['disabled'] });
  return () => {
    document.removeEventListener('focusin', onFocus);
    document.removeEventListener('focusout', onBlur);
    seen.disconnect();
  };
}

/** Keeps the keyboard's place while the frame is shown. */
export function useKeptFocus() {
  useEffect(() => keepFocus(), []);
}
