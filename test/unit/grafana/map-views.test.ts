import { describe, expect, it } from 'vitest';
import { geohashOf, REGIONS, type Region, regionOf } from '../../../alarm/regions.ts';
import { REGION_VIEWS, type View, WORLD_VIEW } from '../../../grafana/map-views.ts';
import { generateClients } from '../../../simulator/clients/clients.ts';

/** The map's panel on a screen of 1,280 by 800. */
const WIDTH = 1_200;
const HEIGHT = 640;
const clients = [...generateClients(8_000, 1)].map(({ latitude, longitude }) => ({
  latitude: Number(latitude),
  longitude: Number(longitude),
  region: regionOf(geohashOf(Number(latitude), Number(longitude))),
}));

describe('where a map looks first', () => {
  it.each(REGIONS.filter((region) => region !== 'Other'))('shows nearly all sensors of %s', (region: Region) => {
    const there = clients.filter((client) => client.region === region);
    expect(there.length).toBeGreaterThan(20);
    const seen = there.filter((client) => isSeen(client, REGION_VIEWS[region]));
    expect(seen.length / there.length).toBeGreaterThan(0.9);
  });

  it('shows nearly all sensors of the world', () => {
    expect(clients.filter((client) => isSeen(client, WORLD_VIEW)).length / clients.length).toBeGreaterThan(0.97);
  });
});

function isSeen(place: { latitude: number; longitude: number }, view: View): boolean {
  const world = 256 * 2 ** view.zoom;
  const dx = ((place.longitude - view.longitude) / 360) * world;
  const dy = (mercator(place.latitude) - mercator(view.latitude)) * world;
  return Math.abs(dx) <= WIDTH / 2 && Math.abs(dy) <= HEIGHT / 2;
}

/** Distance north of the equator, as a part of the world's width. */
function mercator(latitude: number): number {
  return Math.log(Math.tan(Math.PI / 4 + (latitude * Math.PI) / 360)) / (2 * Math.PI);
}
