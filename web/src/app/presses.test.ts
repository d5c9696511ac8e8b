import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepPresses } from './presses';

const click = (on: Element, detail: number) => on.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, detail }));

describe('a double click', () => {
  let end: () => void;
  beforeEach(() => { end = keepPresses(); });
  afterEach(() => { end(); document.body.innerHTML = ''; });

  function button(run: () => void) {
    const made = document.body.appendChild(document.createElement('button'));
    made.innerHTML = '<span>Resolve</span>';
    made.addEventListener('click', run);
    return made;
  }

  it('does not press what came in the place of what it began on', () => {
    const next = vi.fn();
    const first = button(() => first.remove());
    click(first, 1);
    const second = button(next);
    click(second, 2);
    expect(next).not.toHaveBeenCalled();
    click(second, 1); // a press of its own
    expect(next).toHaveBeenCalledTimes(1);
  });

  it('presses the same twice where that stays', () => {
    const run = vi.fn();
    const stays = button(run);
    click(stays, 1);
    click(stays.firstElementChild!, 2);
    expect(run).toHaveBeenCalledTimes(2);
  });
});
