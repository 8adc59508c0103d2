/** Random histories of a receiving centre: what must hold whatever happens, and wherever a restart cuts it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IncidentEngine } from '../../../incident/engine.ts';
import type { IncidentEvent } from '../../../incident/event.ts';
import { evolve } from '../../../incident/evolve.ts';
import type { Incident } from '../../../incident/incident.ts';
import { drawn } from '../../support/draws.ts';
import { HOUR, MINUTE, ReceivingCentre, SECOND, SETTINGS } from '../../support/incidents.ts';

const OPERATORS = ['ann', 'bob'] as const;
const sensor = fc.integer({ min: 1, max: 4 });
const operator = fc.constantFrom(...OPERATORS);
const which = fc.nat(7);

/** What may happen, to the `which`-th alarm or incident of those there are. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('raise' as const),
      sensor,
      type: fc.constantFrom('smoke', 'motion', 'temperature', 'battery'),
      site: fc.constantFrom('home', 'mill', null),
      skew: fc.constantFrom(0, 0, 0, HOUR, -HOUR),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('clear' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), which, by: fc.constantFrom(...OPERATORS, 'tocsin') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('place' as const), sensor, site: fc.constantFrom('home', 'mill') }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('act' as const),
      by: operator,
      which,
      kind: fc.constantFrom('take', 'over', 'look', 'note', 'hold', 'release', 'close', 'disposition', 'next'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(SECOND, 30 * SECOND, 2 * MINUTE, 12 * MINUTE),
      present: fc.subarray([...OPERATORS]),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), ms: fc.constantFrom(2 * MINUTE, HOUR, 30 * HOUR) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The chief gets digests, and nothing at night but what is critical. */
const GATHERED = {
  ...SETTINGS,
  targets: [{ name: 'desk' }, { name: 'chief', digestMs: 5 * MINUTE, quiet: { from: 12 * 60, to: 13 * 60 } }],
};

function play(steps: readonly Step[]): ReceivingCentre {
  const centre = new ReceivingCentre(GATHERED);
  const alarms: string[] = [];
  const some = <T>(all: readonly T[], which: number) => (all.length === 0 ? undefined : all[which % all.length]);
  for (const one of steps) {
    switch (one.do) {
      case 'raise': {
        const { now } = centre;
        centre.now += one.skew;
        alarms.push(centre.raise(one.sensor, { type: one.type, site: one.site }));
        centre.now = now;
        break;
      }
      case 'clear': {
        const alarm = some(alarms, one.which);
        if (alarm !== undefined) centre.clear(alarm);
        break;
      }
      case 'acknowledge': {
        const alarm = some(alarms, one.which);
        if (alarm !== undefined) centre.acknowledge(alarm, one.by);
        break;
      }
      case 'place':
        centre.place(one.sensor, one.site);
        break;
      case 'act':
        act(centre, some(centre.all(), one.which), one);
        break;
      case 'pass':
        centre.pass(one.ms, one.present);
        break;
      case 'stop':
        centre.stop(one.ms);
        break;
    }
  }
  return centre;
}

function act(centre: ReceivingCentre, incident: Incident | undefined, { by, kind }: Extract<Step, { do: 'act' }>): void {
  if (!incident) return;
  switch (kind) {
    case 'over':
      centre.act(by, incident, { kind: 'take', over: true });
      break;
    case 'note':
      centre.act(by, incident, { kind, note: 'n' });
      break;
    case 'hold':
      centre.act(by, incident, { kind, ms: 20 * MINUTE, why: 'w' });
      break;
    case 'close':
      centre.act(by, incident, { kind, membersVersion: incident.membersVersion, disposition: 'genuine', standing: true, note: 'n' });
      break;
    case 'disposition':
      centre.act(by, incident, { kind, disposition: 'false' });
      break;
    default:
      centre.act(by, incident, { kind });
  }
}

const histories = fc.array(step, { minLength: 1, maxLength: 60 });
const eventsOf = (centre: ReceivingCentre) => centre.effects.flatMap(({ events }) => events);

describe('whatever happens', () => {
  it('nobody is told the same twice, and of an end only who was told of it before', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { notices } = play(steps);
        expect(new Set(notices.map(({ id }) => id)).size).toBe(notices.length);
        const heard = new Set<string>();
        const passed = new Map<number, number>();
        const centre = play(steps);
        for (const event of eventsOf(centre)) if (event.event === 'absorbed') passed.set(event.from, event.incident);
        for (const notice of notices) {
          const { target } = notice;
          if (notice.kind === 'closed') {
            const before = [...passed].filter(([, into]) => into === notice.incident).map(([from]) => from);
            expect([notice.incident, ...before].some((id) => heard.has(`${id} ${target}`))).toBe(true);
          }
          for (const id of notice.kind === 'digest' ? notice.lines.map(({ incident }) => incident) : [notice.incident])
            heard.add(`${id} ${target}`);
        }
      }),
      drawn(20, 1),
    );
  });

  it('somebody has what is taken or held, and nobody what is new; one of a key is open; an active alarm is in exactly one', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const centre = play(steps);
        const open = centre.open();
        for (const { phase, claim } of centre.all()) expect(claim !== undefined).toBe(phase === 'TAKEN' || phase === 'HELD');
        expect(new Set(open.map(({ key }) => key)).size).toBe(open.length);
        const raised = steps.filter((one) => one.do === 'raise').length;
        const members = centre
          .all()
          .filter(({ closing }) => closing?.into === undefined)
          .flatMap(({ members: of }) => of.map(({ id }) => id));
        expect(new Set(members).size).toBe(members.length);
        expect(members.length).toBe(raised);
      }),
      drawn(20, 2),
    );
  });

  it('its events make each incident what it is', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const centre = play(steps);
        const made = new Map<number, Incident>();
        for (const event of eventsOf(centre)) made.set(event.incident, evolve(made.get(event.incident), event));
        for (const incident of centre.all()) expect(made.get(incident.id)).toEqual(incident);
      }),
      drawn(20, 3),
    );
  });

  it('a restart anywhere changes nothing: the same signals, the same events and notices', () => {
    fc.assert(
      fc.property(histories, fc.nat(), (steps, cut) => {
        const centre = play(steps.filter((one) => one.do !== 'pass' || one.present.length === 0));
        const { records } = centre;
        const at = cut % records.length;
        let engine = new IncidentEngine(GATHERED);
        const events: IncidentEvent[] = [];
        const notices: string[] = [];
        for (const [i, record] of records.entries()) {
          if (i === at) {
            const next = new IncidentEngine(SETTINGS);
            next.restore(structuredClone(engine.memory()), structuredClone([...engine.incidents()]).reverse());
            engine = next;
          }
          engine.input(record);
          const effects = engine.takeEffects();
          events.push(...effects.events);
          notices.push(...effects.notices.map(({ id }) => id));
        }
        expect(notices).toEqual(centre.effects.flatMap((effects) => effects.notices.map(({ id }) => id)));
        expect(events).toEqual(eventsOf(centre));
      }),
      drawn(20, 4),
    );
  });
});
