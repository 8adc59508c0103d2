/** Random histories of a receiving centre: what must hold whatever happens, and wherever a restart cuts it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../incident/answer.ts';
import { IncidentEngine } from '../../../incident/engine.ts';
import type { IncidentEvent } from '../../../incident/event.ts';
import { evolve } from '../../../incident/evolve.ts';
import type { Incident } from '../../../incident/incident.ts';
import type { Signal } from '../../../incident/signal.ts';
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
      type: fc.constantFrom('smoke', 'motion', 'temperature', 'battery', 'silent'),
      site: fc.constantFrom('home', 'mill', 'shop', null),
      skew: fc.constantFrom(0, 0, 0, HOUR, -HOUR),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('clear' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('acknowledge' as const), which, by: fc.constantFrom(...OPERATORS, 'tocsin') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('place' as const), sensor, site: fc.constantFrom('home', 'mill', 'shop') }) },
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
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('hand over' as const), by: operator, accepts: fc.constantFrom(...OPERATORS, null) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(SECOND, 30 * SECOND, 2 * MINUTE, 12 * MINUTE),
      present: fc.subarray([...OPERATORS]),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('part' as const), part: fc.constantFrom('log', 'archive', 'mailer'), isWell: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), refused: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), ms: fc.constantFrom(2 * MINUTE, HOUR, 30 * HOUR) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Neighbours; the shop is too far from home for one fire, unless the mill burns in the middle. */
const CELLS = { home: 'u33dbc', mill: 'u33dc1', shop: 'u33dc3' } as const;

/** The chief gets digests, and nothing at night but what is critical. Two are many here. */
const GATHERED = {
  ...SETTINGS,
  areaFire: { sites: 2, withinMs: 15 * MINUTE },
  outage: { sensors: 2, share: 0, withinMs: 5 * MINUTE },
  flood: { begin: 3, end: 2, withinMs: 10 * MINUTE },
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
        const of = one.type === 'silent' ? 'trouble' : 'alarm';
        const cell = one.site === null ? {} : { cell: CELLS[one.site] };
        alarms.push(centre.raise(one.sensor, { type: one.type, site: one.site, of, ...cell }));
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
        centre.signal({ signal: 'placed', sensor: one.sensor, place: { site: one.site, cell: CELLS[one.site] } });
        break;
      case 'act':
        act(centre, some(centre.all(), one.which), one);
        break;
      case 'pass':
        centre.pass(one.ms, one.present);
        break;
      case 'hand over': {
        const { action } = centre.offer(one.by, 'all');
        if (one.accepts) centre.accept(one.accepts, action);
        break;
      }
      case 'refuse':
        centre.signal({
          signal: 'refused',
          refused: { minute: 0, origin: `o${one.refused % 3}`, lines: one.refused, refused: one.refused },
        });
        break;
      case 'part':
        centre.signal({ signal: 'part', part: one.part, isWell: one.isWell, isVital: one.part === 'log' });
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

const histories = fc.array(step, { minLength: 1, maxLength: 50, size: 'max' });
const eventsOf = (centre: ReceivingCentre) => centre.effects.flatMap(({ events }) => events);

function ownersAfter(before: ReadonlyMap<number, string>, events: readonly IncidentEvent[]): Map<number, string> {
  const owners = new Map(before);
  for (const event of events) {
    if (event.event === 'taken' || event.event === 'handed') owners.set(event.incident, event.by);
    if (event.event === 'returned' || event.event === 'closed') owners.delete(event.incident);
    if (event.event === 'absorbed' && event.claim) owners.set(event.incident, event.claim.owner);
  }
  return owners;
}

/** An action that was carried out: whose, and on what. */
function doneBy(signal: Signal | undefined, answer: Answer | undefined) {
  if (signal?.signal !== 'action' || !answer?.done) return undefined;
  const { by, kind } = signal.action;
  return { by, kind, incidents: answer.incidents ?? [answer.incident] };
}

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
          .filter(({ kind, closing }) => (kind === 'alarm' || kind === 'trouble') && closing?.into === undefined)
          .flatMap(({ members: of }) => of.filter(({ type }) => type !== 'runaway' && type !== 'unrestored').map(({ id }) => id));
        expect(new Set(members).size).toBe(members.length);
        expect(members.length).toBe(raised);
      }),
      drawn(20, 2),
    );
  });

  it('who has what is what the answers said: an offer alone moves nothing, a claim is lost only to everybody', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const centre = play(steps);
        let owners = new Map<number, string>();
        for (const [i, effects] of centre.effects.entries()) {
          const before = owners;
          owners = ownersAfter(before, effects.events);
          const changed = [...owners].filter(([id, owner]) => before.get(id) !== owner).map(([id]) => id);
          const done = doneBy(centre.records[i]?.signal, effects.answers[0]);
          // Without an action of somebody's, one gets only what nobody had: by an acknowledgement, or with what is merged.
          if (!done) expect(changed.filter((id) => before.has(id))).toEqual([]);
          else if (['take', 'next', 'accept'].includes(done.kind)) {
            expect(changed.filter((id) => !done.incidents.includes(id))).toEqual([]);
            expect(done.incidents.map((id) => owners.get(id))).toEqual(done.incidents.map(() => done.by));
          } else expect(changed).toEqual([]);
        }
      }),
      drawn(20, 5),
    );
  });

  it('smoke that opens an incident is told in the same breath: no flood, no outage, no digest, no runaway holds it', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const { records, effects } = play(steps);
        for (const [i, { events, notices }] of effects.entries()) {
          const signal = records[i]?.signal;
          if (signal?.signal !== 'condition' || signal.member.type !== 'smoke') continue;
          for (const event of events) {
            if (event.event !== 'opened' || event.kind !== 'alarm') continue;
            expect(notices.some((notice) => notice.kind === 'opened' && notice.incident === event.incident)).toBe(true);
          }
        }
      }),
      drawn(20, 6),
    );
  });

  it('what is above knows what is below: a fire is as active as its premises, what waits below an outage is not told', () => {
    fc.assert(
      fc.property(histories, (steps) => {
        const centre = play(steps);
        const open = centre.open();
        for (const fire of open.filter(({ kind }) => kind === 'fire')) {
          const burning = open.filter(({ kind, parent, restoredAt }) => kind === 'alarm' && parent === fire.id && restoredAt === undefined);
          expect(fire.active).toBe(burning.length);
          expect(fire.members.length).toBeGreaterThanOrEqual(2);
        }
        for (const child of open.filter(({ kind, phase, isPaused }) => kind === 'trouble' && phase === 'NEW' && isPaused)) {
          expect(open.find(({ id }) => id === child.parent)?.kind).toBe('outage');
        }
        for (const { parent, phase } of open)
          if (parent !== undefined) expect([phase, open.some(({ id }) => id === parent)]).toEqual([phase, true]);
      }),
      drawn(20, 7),
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
