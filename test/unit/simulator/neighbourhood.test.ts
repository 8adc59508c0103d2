import { describe, expect, it } from 'vitest';
import { neighbourhoods } from '../../../simulator/neighbourhood.ts';

const home = (id: number, latitude: number, longitude: number) => ({ id, latitude, longitude });

describe('a neighbourhood', () => {
  const homes = [home(1, 52.5, 13.4), home(2, -37.8, 144.9), home(3, 52.6, 13.5), home(4, 48.8, 2.3), home(5, 52.51, 13.41)];

  it('is a sensor and those nearest to it', () => {
    expect(neighbourhoods(() => homes)(3, 0)).toEqual([1, 5, 3]);
    expect(neighbourhoods(() => homes)(1, 0.3)).toEqual([2]);
  });

  it('reaches across the date line', () => {
    const far = [home(1, 0, 179.9), home(2, 0, 170), home(3, 0, -179.9)];
    expect(neighbourhoods(() => far)(2, 0)).toEqual([1, 3]);
  });

  it('is empty where nobody lives', () => {
    expect(neighbourhoods(() => [])(3, 0.5)).toEqual([]);
  });
});
