import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

/** One key (or two in a row, "g m") and what it does on the screen that is open. */
export interface Binding { key: string; label: string; run: () => void; hidden?: boolean }
export interface Scope { title: string; bindings: Binding[] }

const scopes: Scope[] = [];
const watchers = new Set<() => void>();
let snapshot: Scope[] = [];
let prefix = '';
let prefixTimer: ReturnType<typeof setTimeout> | undefined;

function publish() {
  snapshot = [...scopes];
  watchers.forEach((tell) => tell());
}

/** Whether the event belongs to a field in which people write; nobody writes in a tick box or a switch. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement && /^(radio|checkbox|button|submit|reset|range|color|file)$/.test(target.type)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.getAttribute('role') === 'combobox';
}

type Pressed = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'> & { getModifierState?: (name: string) => boolean };

/**
 * Names the key of an event as bindings do: "a", "?", "mod+k", "Enter". What is printed on the key counts, wherever it lies.
 * A character that takes AltGr (or Option) is that character; Windows says Ctrl+Alt for AltGr.
 */
export function keyName(event: Pressed): string {
  const third = event.getModifierState?.('AltGraph') ?? false;
  const sign = event.key.length === 1 && !/[\p{L}\p{N}]/u.test(event.key);
  if (third || (event.altKey && sign)) return sign && !event.metaKey ? event.key : '';
  if (event.altKey) return '';
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `mod+${key}` : key;
}

/**
 * The name of the key by where it lies, for what cannot be typed there at all: digits stand above é and & on a French keyboard,
 * and on a Greek or Cyrillic one no key is called "a".
 */
export function keyByPlace(event: Pressed): string {
  if (event.altKey || event.shiftKey || /^[\x20-\x7e]$/.test(event.key) && !/^(Digit|Numpad)\d$/.test(event.code)) return '';
  const place = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1] ?? (/^\P{Script=Latin}$/u.test(event.key) && /\p{L}/u.test(event.key) ? /^Key([A-Z])$/.exec(event.code)?.[1]?.toLowerCase() : undefined);
  if (place === undefined) return '';
  return event.ctrlKey || event.metaKey ? `mod+${place}` : place;
}

/** Finds the binding of the newest scope for a key, with regard to the first half of a pair. */
export function findBinding(list: Scope[], name: string, before: string): Binding | undefined {
  const wanted = before ? `${before} ${name}` : name;
  for (let i = list.length - 1; i >= 0; i--) {
    const found = list[i]?.bindings.find((b) => b.key === wanted);
    if (found) return found;
  }
  return undefined;
}

function startsPair(name: string): boolean {
  return scopes.some((s) => s.bindings.some((b) => b.key.startsWith(`${name} `)));
}

/** Whether a menu had the key, which may have closed it: Escape leaves the menu alone, not what lies below too. */
const inMenu = (event: KeyboardEvent) => event.composedPath().some((n) => n instanceof Element && n.getAttribute('role') === 'menu');

/** Keys that walk: held down they go on. What decides or sends does so once, however long its key is held. */
const walking = new Set(['j', 'k', 'ArrowDown', 'ArrowUp']);

function onKeyDown(event: KeyboardEvent) {
  const typed = keyName(event);
  const placed = keyByPlace(event);
  const known = (name: string) => name !== '' && (findBinding(scopes, name, prefix) !== undefined || startsPair(name));
  const name = !known(typed) && known(placed) ? placed : typed;
  if (!name || event.defaultPrevented || event.isComposing) return;
  const modified = name.startsWith('mod+');
  if (!modified && (isTyping(event.target) || document.querySelector('[aria-modal="true"], [role="menu"]') || inMenu(event))) return;
  const before = prefix;
  clearTimeout(prefixTimer);
  prefix = '';
  const found = findBinding(scopes, name, before);
  if (found) {
    event.preventDefault();
    if (!event.repeat || walking.has(name)) found.run();
  } else if (!modified && startsPair(name)) {
    prefix = name;
    prefixTimer = setTimeout(() => (prefix = ''), 1200);
  }
}

/** Registers the keys of a screen while it is shown; an empty list registers nothing. */
export function useKeys(title: string, bindings: Binding[]) {
  const run = useEffectEvent((key: string) => bindings.find((b) => b.key === key)?.run());
  const shape = JSON.stringify(bindings.map((b) => [b.key, b.label, b.hidden ?? false]));
  useEffect(() => {
    const rows = JSON.parse(shape) as [string, string, boolean][];
    if (rows.length === 0) return undefined;
    const scope: Scope = { title, bindings: rows.map(([key, label, hidden]) => ({ key, label, hidden, run: () => run(key) })) };
    if (scopes.length === 0) window.addEventListener('keydown', onKeyDown);
    scopes.push(scope);
    publish();
    return () => {
      scopes.splice(scopes.indexOf(scope), 1);
      if (scopes.length === 0) window.removeEventListener('keydown', onKeyDown);
      publish();
    };
  }, [title, shape]);
}

/** The keys that work now, for the help. */
export function useScopes(): Scope[] {
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => snapshot,
  );
}
