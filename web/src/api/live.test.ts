import { afterEach, describe, expect, it, vi } from 'vitest';
import { QueryClient } from '@tanstack/react-query';
import { makeCollector, openLive, readChanges, staleKeys } from './live';

describe('staleKeys', () => {
  it.each([
    ['comment', [['comments'], ['comment'], ['overview']]],
    ['message', [['messages'], ['conversations'], ['overview']]],
    ['trigger', [['triggers']]],
    ['invoice', [['invoice'], ['invoices']]],
  ] as const)('%s', (topic, want) => expect(staleKeys({ topic, id: 7 })).toEqual(want));

  it('has the bell read again who a person is', () => {
    for (const topic of ['contact', 'identity']) expect(staleKeys({ topic, id: 7 })).toContainEqual(['notifications']);
  });

  it('names the conversation that changed', () => {
    expect(staleKeys({ topic: 'conversation', id: 7 })).toContainEqual(['messages', 7]);
  });
});

describe('readChanges', () => {
  it.each([
    ['{"topics":[{"topic":"comment","id":1}],"cursor":"4"}', [{ topic: 'comment', id: 1 }]],
    ['{"topics":null}', null],
    ['not json', null],
  ])('%s', (data, want) => expect(readChanges(data)).toEqual(want));
});

describe('makeCollector', () => {
  afterEach(() => vi.useRealTimers());

  it('refetches each query once for a burst, and again for the next', () => {
    vi.useFakeTimers();
    const apply = vi.fn();
    const collect = makeCollector(apply, 100);
    for (let i = 0; i < 500; i++) collect([{ topic: 'comment', id: i }]);
    vi.advanceTimersByTime(100);
    expect(apply).toHaveBeenCalledTimes(1);
    expect(apply.mock.calls[0]?.[0]).toHaveLength(3);
    collect([{ topic: 'trigger', id: 1 }]);
    vi.advanceTimersByTime(100);
    expect(apply).toHaveBeenCalledTimes(2);
  });
});

class FakeSource {
  static readonly CLOSED = 2;
  static made: FakeSource[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  listeners: Record<string, (e: { data: string }) => void> = {};
  constructor(readonly url: string) { FakeSource.made.push(this); }
  addEventListener(name: string, listener: (e: { data: string }) => void) { this.listeners[name] = listener; }
  close() { this.readyState = 2; }
}

describe('openLive', () => {
  afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals(); FakeSource.made = []; });

  function start() {
    vi.useFakeTimers();
    vi.stubGlobal('EventSource', FakeSource);
    const client = new QueryClient();
    const invalidate = vi.spyOn(client, 'invalidateQueries').mockResolvedValue();
    const states: string[] = [];
    const stop = openLive(client, (s) => states.push(s));
    const latest = () => FakeSource.made.at(-1) as FakeSource;
    return { invalidate, states, stop, latest };
  }

  it('invalidates what a change touches', () => {
    const { invalidate, states, latest } = start();
    latest().onopen?.();
    latest().listeners['changes']?.({ data: '{"topics":[{"topic":"trigger","id":1}]}' });
    vi.advanceTimersByTime(200);
    expect(states).toEqual(['live']);
    expect(invalidate).toHaveBeenCalledExactlyOnceWith({ queryKey: ['triggers'] });
  });

  it('opens anew where the browser gave up, and refetches all so that no change is missed', () => {
    const { invalidate, states, latest } = start();
    latest().onopen?.();
    latest().readyState = 2;
    latest().onerror?.();
    vi.advanceTimersByTime(1000);
    expect(FakeSource.made).toHaveLength(2);
    latest().onopen?.();
    expect(invalidate.mock.calls).toEqual([[{ queryKey: ['me'] }], []]);
    expect(states).toEqual(['live', 'lost', 'live']);
  });

  it('asks who is signed in where the session ended elsewhere', () => {
    const { invalidate, latest } = start();
    latest().onopen?.();
    latest().listeners['ended']?.({ data: '{}' });
    expect(invalidate).toHaveBeenCalledExactlyOnceWith({ queryKey: ['me'] });
  });

  it('leaves it to the browser while that still tries, and stays shut once closed', () => {
    const { stop, latest } = start();
    latest().onerror?.();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.made).toHaveLength(1);
    stop();
    latest().onerror?.();
    vi.advanceTimersByTime(60_000);
    expect(FakeSource.made).toHaveLength(1);
  });
});
