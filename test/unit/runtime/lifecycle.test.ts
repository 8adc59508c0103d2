import { describe, expect, it } from 'vitest';
import { OwnError } from '../../../runtime/errors.ts';
import { Lifecycle, StopError } from '../../../runtime/lifecycle.ts';

describe('stopping', () => {
  it('releases in reverse order, one after the other', async () => {
    const order: string[] = [];
    const lifecycle = new Lifecycle();
    for (const name of ['log', 'processor', 'proxy']) {
      lifecycle.onStop(name, async () => {
        await Promise.resolve();
        order.push(name);
      });
    }
    await lifecycle.stop(1_000);
    expect(order).toEqual(['proxy', 'processor', 'log']);
  });

  it('goes on when a part fails, and names every part that did', async () => {
    const released: string[] = [];
    const lifecycle = new Lifecycle();
    lifecycle.onStop('log', () => void released.push('log'));
    lifecycle.onStop('mailer', () => Promise.reject(new OwnError('no route')));
    lifecycle.onStop('proxy', () => {
      throw new OwnError('already closed');
    });
    await expect(lifecycle.stop(1_000)).rejects.toThrow(new StopError('not stopped cleanly: proxy: already closed; mailer: no route'));
    expect(released).toEqual(['log']);
  });

  it('gives up on a part at the deadline, which all parts share, and still releases the rest', async () => {
    const released: string[] = [];
    const lifecycle = new Lifecycle();
    lifecycle.onStop('log', () => void released.push('log'));
    lifecycle.onStop('stuck', () => new Promise(() => undefined));
    await expect(lifecycle.stop(20)).rejects.toThrow('stuck: the deadline passed');
    expect(released).toEqual(['log']);
  });

  it('runs once however often it is asked, and aborts its signal first', async () => {
    let runs = 0;
    let abortedThen = false;
    const lifecycle = new Lifecycle();
    lifecycle.onStop('part', () => {
      runs += 1;
      abortedThen = lifecycle.signal.aborted;
    });
    await Promise.all([lifecycle.stop(1_000), lifecycle.stop(1_000)]);
    expect([runs, abortedThen]).toEqual([1, true]);
  });
});
