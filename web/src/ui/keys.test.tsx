import { useState } from 'react';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { findBinding, keyByPlace, keyName, useKeys, useScopes, type Binding } from './keys';

const binding = (key: string, run = vi.fn()): Binding => ({ key, label: key, run });

const plain = { code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
const altGr = (name: string) => name === 'AltGraph';

describe('keyName', () => {
  it.each([
    ['a letter with Caps Lock', { ...plain, key: 'A' }, 'a'],
    ['a command', { ...plain, key: 'k', ctrlKey: true }, 'mod+k'],
    ['Enter', { ...plain, key: 'Enter' }, 'Enter'],
    ['Alt and a letter, which is a menu', { ...plain, key: 'a', altKey: true }, ''],
    ['a slash over the 7 of a German keyboard', { ...plain, key: '/', code: 'Digit7', shiftKey: true }, '/'],
    ['a question mark on a French one', { ...plain, key: '?', code: 'KeyM', shiftKey: true }, '?'],
    ['a bracket by AltGr on Windows', { ...plain, key: '[', code: 'Digit8', ctrlKey: true, altKey: true, getModifierState: altGr }, '['],
    ['a bracket by AltGr on Linux', { ...plain, key: '[', code: 'Digit8', getModifierState: altGr }, '['],
    ['a bracket by Option on a Mac', { ...plain, key: '[', code: 'Digit5', altKey: true }, '['],
    ['a euro sign by AltGr and E', { ...plain, key: '€', code: 'KeyE', getModifierState: altGr }, '€'],
    ['a letter by AltGr', { ...plain, key: 'ł', code: 'KeyL', getModifierState: altGr }, ''],
  ])('%s', (_, event, want) => expect(keyName(event)).toBe(want));
});

describe('keyByPlace', () => {
  it.each([
    ['the first digit of a French keyboard', { ...plain, key: '&', code: 'Digit1' }, '1'],
    ['the second', { ...plain, key: 'é', code: 'Digit2' }, '2'],
    ['the second with Caps Lock', { ...plain, key: 'É', code: 'Digit2' }, '2'],
    ['the same with Shift, which is the digit itself or a sign', { ...plain, key: '!', code: 'Digit1', shiftKey: true }, ''],
    ['a Cyrillic letter', { ...plain, key: 'ф', code: 'KeyA' }, 'a'],
    ['a Greek command', { ...plain, key: 'κ', code: 'KeyK', ctrlKey: true }, 'mod+k'],
    ['q on a French keyboard, which lies where a does elsewhere', { ...plain, key: 'q', code: 'KeyA' }, ''],
    ['ù on a French keyboard', { ...plain, key: 'ù', code: 'Quote' }, ''],
    ['a dead key', { ...plain, key: 'Dead', code: 'BracketLeft' }, ''],
  ])('%s', (_, event, want) => expect(keyByPlace(event)).toBe(want));
});

describe('findBinding', () => {
  it('prefers the newest scope and knows pairs', () => {
    const old = binding('r');
    const fresh = binding('r');
    const pair = binding('g r');
    const scopes = [{ title: 'all', bindings: [old, pair] }, { title: 'screen', bindings: [fresh] }];
    expect(findBinding(scopes, 'r', '')).toBe(fresh);
    expect(findBinding(scopes, 'r', 'g')).toBe(pair);
    expect(findBinding(scopes, 'x', '')).toBeUndefined();
  });
});

function Screen({ bindings, modal = false }: { bindings: Binding[]; modal?: boolean }) {
  useKeys('Screen', bindings);
  return <div><input aria-label="field" />{modal && <div role="dialog" aria-modal="true" />}<span>{useScopes().map((s) => s.title).join()}</span></div>;
}

/** A menu that is gone before the screen hears of the key that closed it. */
function OpenMenu() {
  const [open, setOpen] = useState(true);
  return open && <div role="menu" onKeyDown={(e) => { if (e.key === 'Escape') setOpen(false); }}><button type="button" role="menuitem">Snooze</button></div>;
}

describe('useKeys', () => {
  it('decides once for a key that is held, and walks on', () => {
    const approve = vi.fn();
    const next = vi.fn();
    render(<Screen bindings={[binding('a', approve), binding('j', next)]} />);
    for (const key of ['a', 'j']) for (let i = 0; i < 4; i++) window.dispatchEvent(new KeyboardEvent('keydown', { key, repeat: i > 0 }));
    expect(approve).toHaveBeenCalledTimes(1);
    expect(next).toHaveBeenCalledTimes(4);
  });

  it('leaves a menu its keys: Escape closes the menu, and not what lies below it too', async () => {
    const run = vi.fn();
    render(<><Screen bindings={[binding('Escape', run), binding('h', run)]} /><OpenMenu /></>);
    screen.getByRole('menuitem').focus();
    await userEvent.keyboard('h{Escape}');
    expect(screen.queryByRole('menu')).toBeNull();
    expect(run).not.toHaveBeenCalled();
    await userEvent.keyboard('{Escape}');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('runs a key, but not while somebody writes', async () => {
    const run = vi.fn();
    render(<Screen bindings={[binding('h', run)]} />);
    await userEvent.keyboard('h');
    expect(run).toHaveBeenCalledTimes(1);
    await userEvent.type(screen.getByLabelText('field'), 'hh');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('runs a key on a choice or a switch, where nobody writes', async () => {
    const run = vi.fn();
    render(<><Screen bindings={[binding('j', run)]} /><input type="radio" aria-label="Resolved" /><input type="checkbox" role="switch" aria-label="Sending" /></>);
    screen.getByRole('radio').focus();
    await userEvent.keyboard('j');
    screen.getByRole('switch').focus();
    await userEvent.keyboard('j');
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('hears a French digit and a Cyrillic letter, but not what is typed by that key here', async () => {
    const [one, a, q] = [vi.fn(), vi.fn(), vi.fn()];
    render(<Screen bindings={[binding('1', one), binding('a', a), binding('q', q)]} />);
    const press = (key: string, code: string) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true }));
    press('&', 'Digit1');
    press('ф', 'KeyA');
    press('q', 'KeyA');
    expect([one.mock.calls.length, a.mock.calls.length, q.mock.calls.length]).toEqual([1, 1, 1]);
  });

  it('runs the second half of a pair and not the single key of the same name', async () => {
    const go = vi.fn();
    const single = vi.fn();
    render(<Screen bindings={[binding('g m', go), binding('m', single)]} />);
    await userEvent.keyboard('gm');
    expect([go.mock.calls.length, single.mock.calls.length]).toEqual([1, 0]);
    await userEvent.keyboard('m');
    expect(single).toHaveBeenCalledTimes(1);
  });

  it('is silent behind a dialog and after the screen is gone', async () => {
    const run = vi.fn();
    const { rerender, unmount } = render(<Screen bindings={[binding('d', run)]} modal />);
    await userEvent.keyboard('d');
    expect(run).not.toHaveBeenCalled();
    rerender(<Screen bindings={[binding('d', run)]} />);
    expect(screen.getByText('Screen')).toBeInTheDocument();
    unmount();
    await userEvent.keyboard('d');
    expect(run).not.toHaveBeenCalled();
  });

  it('calls the newest function of a binding', async () => {
    const first = vi.fn();
    const second = vi.fn();
    const { rerender } = render(<Screen bindings={[binding('z', first)]} />);
    rerender(<Screen bindings={[binding('z', second)]} />);
    await userEvent.keyboard('z');
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 1]);
  });
});
