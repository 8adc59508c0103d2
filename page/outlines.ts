import type { Shape } from '../alarm/alarm-type.ts';

/** Outlines of the types' shapes in a box of 20 by 20. */
export const OUTLINES: Readonly<Record<Shape, string>> = {
  triangle: 'M10 2 19 18H1Z',
  diamond: 'M10 1 19 10 10 19 1 10Z',
  circle: 'M10 2a8 8 0 1 1 0 16a8 8 0 1 1 0-16Z',
  square: 'M3 3H17V17H3Z',
  pentagon: 'M10 1.5 18.6 7.7 15.3 17.8H4.7L1.4 7.7Z',
  hexagon: 'M5.5 2.2H14.5L19 10 14.5 17.8H5.5L1 10Z',
  drop: 'M10 1C12.5 5.5 16.5 8.5 16.5 12.5A6.5 6.5 0 0 1 3.5 12.5C3.5 8.5 7.5 5.5 10 1Z',
  cross: 'M7 1.5H13V7H18.5V13H13V18.5H7V13H1.5V7H7Z',
  star: 'M10 1.4 12.5 7.2 18.8 7.8 14 11.9 15.4 18 10 14.8 4.6 18 6 11.9 1.2 7.8 7.5 7.2Z',
};
