import { isActive } from '../alarm/lifecycle.ts';
import { SHAPES } from '../alarm/alarm-type.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { conditionOf } from '../console/live/sensor-code.ts';
import { OUTLINES } from './outlines.ts';
import { indexOf, type Places } from './places.ts';
import { panBy, type View, worldView, zoomAt } from './projection.ts';
import { SEVERITY_COLOUR } from './severity-colour.ts';
import { type Spot, spotsOf } from './spots.ts';
import { KnownTypes } from './types.ts';

const LAND = '#1B2530';
const COAST = '#2C3A48';
const NORMAL = [0x66, 0x78, 0x8a] as const;
const INK = '#0B0F14';
const PATHS = new Map(SHAPES.map((shape) => [shape, new Path2D(OUTLINES[shape])]));
const REACH_PX = 10;
/** Larger, since a finger is less precise. */
const TOUCH_REACH_PX = 22;

/** What the map shows. */
export interface Scene {
  readonly places: Places | undefined;
  readonly alarms: readonly ListedAlarm[];
  readonly types: KnownTypes;
  /** Sensors with open alarms, by their code. */
  readonly states: ReadonlyMap<number, number>;
  /** Sensors with a fault. */
  readonly faults: ReadonlyMap<number, unknown>;
  /** Changes whenever `states` or `faults` do. */
  readonly sensorsVersion: number;
  readonly opened: string | undefined;
}

export type Hit =
  | { readonly kind: 'spot'; readonly spot: Spot }
  | { readonly kind: 'sensor'; readonly sensor: number; readonly x: number; readonly y: number };

/** The world on a canvas: land, a dot for every sensor, alarms as shapes on top. Drawn when something has changed, at most once per frame. */
export class MapCanvas {
  readonly #canvas: HTMLCanvasElement;
  readonly #points = document.createElement('canvas');
  #land: Path2D | undefined;
  #scene: Scene = {
    places: undefined,
    alarms: [],
    types: new KnownTypes([]),
    states: new Map(),
    faults: new Map(),
    sensorsVersion: -1,
    opened: undefined,
  };
  #spots: readonly Spot[] = [];
  #view: View | undefined;
  #width = 0;
  #height = 0;
  #frame: number | undefined;
  #pointsStale = true;
  /** Alarms that lie outside the box, as of the last drawing. */
  outside = 0;
  /** Alarms whose place isn't known, as of the last drawing. */
  placeless = 0;
  onDrawn: (() => void) | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
  }

  show(scene: Scene): void {
    const { places, alarms, types, sensorsVersion, opened } = this.#scene;
    const isSameMap = places === scene.places && sensorsVersion === scene.sensorsVersion;
    if (isSameMap && alarms === scene.alarms && types === scene.types && opened === scene.opened) return;
    if (places !== scene.places) this.#pointsStale = true;
    this.#scene = scene;
    this.#redraw();
  }

  setLand(land: Path2D): void {
    this.#land = land;
    this.#redraw();
  }

  resize(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    const wasWorld = !this.#view || this.#view.scale <= worldView(this.#width, this.#height).scale * 1.001;
    this.#width = width;
    this.#height = height;
    for (const canvas of [this.#canvas, this.#points]) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
    }
    this.#look(wasWorld || !this.#view ? worldView(width, height) : this.#view);
  }

  home(): void {
    this.#look(worldView(this.#width, this.#height));
  }

  pan(dx: number, dy: number): void {
    if (this.#view) this.#look(panBy(this.#view, dx, dy));
  }

  zoom(factor: number, px = this.#width / 2, py = this.#height / 2): void {
    if (this.#view) this.#look(zoomAt(this.#view, factor, px, py, this.#width, this.#height));
  }

  /** What is under a point of the box: an alarm if there is one, otherwise a sensor. */
  hit(px: number, py: number, byTouch = false): Hit | undefined {
    const reachPx = byTouch ? TOUCH_REACH_PX : REACH_PX;
    const near = (x: number, y: number): number => (x - px) ** 2 + (y - py) ** 2;
    const spot = this.#spots.filter(({ x, y }) => near(x, y) <= reachPx ** 2).sort((a, b) => near(a.x, a.y) - near(b.x, b.y))[0];
    if (spot) return { kind: 'spot', spot };
    const [places, view] = [this.#scene.places, this.#view];
    if (!places || !view) return undefined;
    const reach = reachPx / 2 / view.scale;
    const [x, y] = [view.x + (px - this.#width / 2) / view.scale, view.y + (py - this.#height / 2) / view.scale];
    let best = -1;
    let bestDistance = reach ** 2;
    for (let i = 0; i < places.count; i += 1) {
      const dx = (places.x[i] as number) - x;
      if (dx > reach || dx < -reach) continue;
      const distance = dx ** 2 + ((places.y[i] as number) - y) ** 2;
      if (distance < bestDistance) [best, bestDistance] = [i, distance];
    }
    if (best < 0) return undefined;
    const [sx, sy] = this.#toBox(places.x[best] as number, places.y[best] as number, view);
    return { kind: 'sensor', sensor: places.ids[best] as number, x: sx, y: sy };
  }

  #look(view: View): void {
    this.#view = view;
    this.#pointsStale = true;
    this.#redraw();
  }

  #redraw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
      this.onDrawn?.();
    });
  }

  #draw(): void {
    const context = this.#canvas.getContext('2d');
    const view = this.#view;
    if (!context || !view || this.#width === 0) return;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    this.#drawLand(context, view);
    if (this.#pointsStale) this.#drawPoints(view);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#points, 0, 0);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    this.#drawUnwell(context, view);
    this.#findSpots(view);
    for (const spot of this.#spots.toReversed()) this.#drawSpot(context, spot);
  }

  #drawLand(context: CanvasRenderingContext2D, view: View): void {
    if (!this.#land) return;
    const scale = view.scale * devicePixelRatio;
    const [x, y] = this.#toBox(0, 0, view);
    context.setTransform(scale, 0, 0, scale, x * devicePixelRatio, y * devicePixelRatio);
    context.fillStyle = LAND;
    context.strokeStyle = COAST;
    context.lineWidth = 0.8 / view.scale;
    context.fill(this.#land);
    context.stroke(this.#land);
  }

  /** Writes the dots as pixels into an image of their own: fifty thousand take a millisecond. */
  #drawPoints(view: View): void {
    this.#pointsStale = false;
    const context = this.#points.getContext('2d');
    const { width, height } = this.#points;
    if (!context || width === 0 || height === 0) return;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colour = ((255 << 24) | (NORMAL[2] << 16) | (NORMAL[1] << 8) | NORMAL[0]) >>> 0;
    const size = Math.round(devicePixelRatio * (view.scale > this.#width * 20 ? 3 : 2));
    const { places } = this.#scene;
    if (places) {
      const scale = view.scale * devicePixelRatio;
      const [left, top] = [width / 2 - view.x * scale, height / 2 - view.y * scale];
      for (let i = 0; i < places.count; i += 1) {
        const px = Math.floor(left + (places.x[i] as number) * scale);
        const py = Math.floor(top + (places.y[i] as number) * scale);
        if (px < 0 || py < 0 || px > width - size || py > height - size) continue;
        for (let dy = 0; dy < size; dy += 1) pixels.fill(colour, (py + dy) * width + px, (py + dy) * width + px + size);
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** Marks each sensor with an alarm or a fault at its own place, even if the alarm is part of another spot, or isn't listed. */
  #drawUnwell(context: CanvasRenderingContext2D, view: View): void {
    const { states, faults } = this.#scene;
    context.lineWidth = 1.5;
    context.strokeStyle = SEVERITY_COLOUR.WARNING;
    for (const sensor of faults.keys()) {
      const [x, y] = this.#pixelOf(sensor, view) ?? [];
      if (x !== undefined && y !== undefined) context.strokeRect(x - 4, y - 4, 8, 8);
    }
    for (const [sensor, code] of states) {
      const [x, y] = this.#pixelOf(sensor, view) ?? [];
      if (x === undefined || y === undefined) continue;
      context.fillStyle = SEVERITY_COLOUR[conditionOf(code).severity];
      context.fillRect(x - 1.5, y - 1.5, 3, 3);
    }
  }

  #findSpots(view: View): void {
    const { alarms, states } = this.#scene;
    const box = { width: this.#width, height: this.#height };
    const { spots, outside, placeless } = spotsOf(alarms, states, (sensor) => this.#pixelOf(sensor, view), box);
    this.#spots = spots;
    this.outside = outside;
    this.placeless = placeless;
  }

  #pixelOf(sensor: number, view: View): [number, number] | undefined {
    const { places } = this.#scene;
    const i = places ? indexOf(places, sensor) : -1;
    return places && i >= 0 ? this.#toBox(places.x[i] as number, places.y[i] as number, view) : undefined;
  }

  #drawSpot(context: CanvasRenderingContext2D, { x, y, alarms, graver }: Spot): void {
    const [alarm] = alarms;
    const { types, opened } = this.#scene;
    const type = graver ? types.at(graver.place) : types.of(alarm.type);
    const path = PATHS.get(type.shape) ?? new Path2D();
    const colour = SEVERITY_COLOUR[graver?.severity ?? alarm.severity];
    const isFilled = graver !== undefined || isActive(alarm);
    context.save();
    context.translate(x - 8, y - 8);
    context.scale(0.8, 0.8);
    context.lineWidth = 3.5;
    context.strokeStyle = INK;
    context.stroke(path);
    context.fillStyle = isFilled ? colour : INK;
    context.fill(path);
    if (!isFilled) {
      context.strokeStyle = colour;
      context.stroke(path);
    }
    context.restore();
    const number = alarms.length + (graver ? 1 : 0);
    if (number > 1) drawBadge(context, x + 9, y - 7, String(number), colour);
    if (alarms.some(({ id }) => id === opened)) {
      context.beginPath();
      context.arc(x, y, 14, 0, 2 * Math.PI);
      context.lineWidth = 2;
      context.strokeStyle = '#FFFFFF';
      context.stroke();
    }
  }

  #toBox(x: number, y: number, view: View): [number, number] {
    return [this.#width / 2 + (x - view.x) * view.scale, this.#height / 2 + (y - view.y) * view.scale];
  }
}

function drawBadge(context: CanvasRenderingContext2D, x: number, y: number, text: string, colour: string): void {
  context.font = '600 10px system-ui, sans-serif';
  const width = context.measureText(text).width + 7;
  context.beginPath();
  context.roundRect(x - width / 2, y - 7, width, 14, 7);
  context.fillStyle = INK;
  context.fill();
  context.lineWidth = 1.2;
  context.strokeStyle = colour;
  context.stroke();
  context.fillStyle = colour;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(text, x, y + 0.5);
}
