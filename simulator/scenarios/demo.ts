import type { Chapter, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { STORY, silencesOf, storyOf, told } from './story.ts';

const SECONDS_PER_ALARM = 3;
/** Only the story happens until then. */
const ALONE_MS = 12_000;
const STANDS_MS = 40_000;

/** For watching, not for load: a story that begins at once, and an alarm elsewhere every few seconds, whatever the size of the fleet. */
function plot(chapter: Chapter): Plot {
  const durationMs = chapter.durationMs - ALONE_MS;
  const elsewhere = background(
    { ...chapter, durationMs },
    {
      alarmsPerMessage: Math.max(0, durationMs) / 1_000 / SECONDS_PER_ALARM / Math.max(1, chapter.messages),
      recovered: 0.85,
      standsMs: STANDS_MS,
      except: STORY.map(({ sensor }) => sensor),
    },
  );
  const later = elsewhere.map((happening) => ({ ...happening, atMs: happening.atMs + ALONE_MS }));
  const story = storyOf(chapter.types);
  return { happenings: [...told(story, chapter.durationMs), ...later], silences: silencesOf(story) };
}

export const demo: Scenario = {
  name: 'demo',
  summary: 'a kitchen fire, a burglar, a boiler, and an alarm elsewhere every three seconds, most of which recover',
  defaults: { apps: 4, ratePerApp: 625, minutes: 60 },
  plot,
};
