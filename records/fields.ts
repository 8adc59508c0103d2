/** Fields that several records have. */
import { z } from 'zod';
import { SENSOR_ID_MAX } from '../alarm/status.ts';

export const whole = z.number().int().nonnegative();

/** Epoch ms, of any date from 1970 on. */
export const time = z.number().int().min(0).max(8.64e15);

export const sensor = whole.max(SENSOR_ID_MAX);

/** Of an alarm, an action and the like. Bounded, since stores have it as a key. */
export const name = z.string().min(1).max(200);

/** Well-formed is enough: a record outlives its type in the settings. */
export const typeName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'must be the name of a type');

export const position = z.looseObject({ topic: z.string().max(20), partition: whole, offset: whole });
