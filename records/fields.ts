/** Fields that several records have. */
import { z } from 'zod';
import { SENSOR_ID_MAX } from '../alarm/status.ts';

export const whole = z.number().int().nonnegative();

/** Epoch ms, any date from 1970 on. */
export const time = z.number().int().min(0).max(8.64e15);

export const sensor = whole.max(SENSOR_ID_MAX);

/** The id of an alarm, an action and the like. Bounded, since stores use it as a key. */
export const name = z.string().min(1).max(200);

/** Any well-formed name, not only those in the settings: a record may outlive its type. */
export const typeName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'must be the name of a type');

export const position = z.looseObject({ topic: z.string().max(20), partition: whole, offset: whole });
