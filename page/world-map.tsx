import { isOver } from '../alarm/lifecycle.ts';
import { Component, createRef } from 'preact';
import type { ListedAlarm } from '../console/api/schemas.ts';
import { loadLand } from './land.ts';
import { HoverCard } from './hover-card.tsx';
import { type Hit, MapCanvas } from './map-canvas.ts';
import type { Store } from './store.ts';
import { counted } from './time.ts';
import type { KnownTypes } from './types.ts';

interface Props {
  readonly store: Store;
  readonly alarms: readonly ListedAlarm[];
  readonly types: KnownTypes;
  readonly sensorsVersion: number;
  readonly opened: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly onOpenSensor: (id: number) => void;
}

interface MapState {
  readonly hover: Hit | undefined;
  readonly outside: number;
  readonly placeless: number;
}

const PAN_PX = 80;
const DRAG_PX = 4;

/** The map of all sensors. The queue offers the same to people who can't see or point. */
export class WorldMap extends Component<Props, MapState> {
  override state: MapState = { hover: undefined, outside: 0, placeless: 0 };
  readonly #box = createRef<HTMLDivElement>();
  readonly #canvas = createRef<HTMLCanvasElement>();
  #map: MapCanvas | undefined;
  #observer: ResizeObserver | undefined;
  #drag: { x: number; y: number; moved: boolean } | undefined;

  override componentDidMount(): void {
    const [box, canvas] = [this.#box.current, this.#canvas.current];
    if (!box || !canvas) return;
    const map = new MapCanvas(canvas);
    this.#map = map;
    map.onDrawn = () => {
      const { outside, placeless } = map;
      if (outside !== this.state.outside || placeless !== this.state.placeless) this.setState({ outside, placeless });
    };
    this.#observer = new ResizeObserver(() => map.resize(box.clientWidth, box.clientHeight));
    this.#observer.observe(box);
    box.addEventListener('wheel', this.#onWheel, { passive: false });
    loadLand().then(
      (land) => map.setLand(land),
      () => undefined,
    );
    this.componentDidUpdate();
  }

  override componentDidUpdate(): void {
    const { store, alarms, types, sensorsVersion, opened } = this.props;
    const { places, states, faults } = store.state;
    this.#map?.show({ places, alarms, types, states, faults, sensorsVersion, opened });
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  override render() {
    const { store, alarms } = this.props;
    const { places } = store.state;
    const { hover, outside, placeless } = this.state;
    const open = alarms.filter((alarm) => !isOver(alarm)).length;
    const label = `Map of ${places ? counted(places.count, 'sensor') : 'all sensors'}, ${counted(open, 'alarm')}; the queue lists them`;
    return (
      <section class="map" aria-label="Map" ref={this.#box}>
        <canvas
          ref={this.#canvas}
          role="img"
          aria-label={label}
          onPointerDown={this.#onPointerDown}
          onPointerMove={this.#onPointerMove}
          onPointerUp={this.#onPointerUp}
          onPointerLeave={() => this.setState({ hover: undefined })}
        />
        {hover && <HoverCard hit={hover} store={store} />}
        <fieldset class="map-buttons">
          <legend class="unseen">View of the map</legend>
          <MapButton label="Zoom in" text="+" onClick={() => this.#map?.zoom(2)} />
          <MapButton label="Zoom out" text="−" onClick={() => this.#map?.zoom(0.5)} />
          <MapButton label="Whole world" text="⌂" onClick={() => this.#map?.home()} />
          <MapButton label="West" text="←" onClick={() => this.#map?.pan(PAN_PX, 0)} />
          <MapButton label="North" text="↑" onClick={() => this.#map?.pan(0, PAN_PX)} />
          <MapButton label="South" text="↓" onClick={() => this.#map?.pan(0, -PAN_PX)} />
          <MapButton label="East" text="→" onClick={() => this.#map?.pan(-PAN_PX, 0)} />
        </fieldset>
        {outside + placeless > 0 && (
          <div class="map-outside">
            {outside > 0 && <p>{counted(outside, 'alarm')} outside this view</p>}
            {placeless > 0 && <p>{counted(placeless, 'alarm')} without a place on the map: see the queue</p>}
          </div>
        )}
        <p class="map-note">{places ? counted(places.count, 'sensor') : 'The places of the sensors are not known'}</p>
      </section>
    );
  }

  readonly #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    this.#map?.zoom(2 ** (-event.deltaY / 300), event.offsetX, event.offsetY);
  };

  readonly #onPointerDown = (event: PointerEvent): void => {
    this.#drag = { x: event.clientX, y: event.clientY, moved: false };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };

  readonly #onPointerMove = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (!drag) {
      this.setState({ hover: this.#map?.hit(event.offsetX, event.offsetY) });
      return;
    }
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.moved && Math.abs(dx) + Math.abs(dy) < DRAG_PX) return;
    this.#drag = { x: event.clientX, y: event.clientY, moved: true };
    this.#map?.pan(dx, dy);
  };

  readonly #onPointerUp = (event: PointerEvent): void => {
    const wasDrag = this.#drag?.moved;
    this.#drag = undefined;
    if (wasDrag) return;
    const hit = this.#map?.hit(event.offsetX, event.offsetY, event.pointerType === 'touch');
    if (hit?.kind === 'sensor') this.props.onOpenSensor(hit.sensor);
    else if (hit?.spot.graver) this.props.onOpenSensor(hit.spot.graver.sensor);
    else if (hit) this.props.onOpen(hit.spot.alarms[0].id);
  };
}

function MapButton({ label, text, onClick }: { label: string; text: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={label} title={label} onClick={onClick}>
      {text}
    </button>
  );
}
