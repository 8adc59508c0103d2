import { Component, createRef } from 'preact';
import type { ListedAlarm } from '../api/schemas.ts';
import { loadLand } from './land.ts';
import { type Hit, MapCanvas } from './map-canvas.ts';
import type { Places } from './places.ts';
import { count } from './time.ts';
import { stateWord, TYPE_WORD } from './words.ts';

interface Props {
  readonly places: Places | undefined;
  readonly alarms: readonly ListedAlarm[];
  readonly opened: string | undefined;
  readonly onOpen: (id: string) => void;
}

interface MapState {
  readonly hover: Hit | undefined;
  readonly outside: number;
}

const PAN_PX = 80;
const DRAG_PX = 4;

/** All sensors where they are. The queue is its equal for those who can't see or point. */
export class WorldMap extends Component<Props, MapState> {
  override state: MapState = { hover: undefined, outside: 0 };
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
      if (map.outside !== this.state.outside) this.setState({ outside: map.outside });
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
    this.#map?.show(this.props.places, this.props.alarms, this.props.opened);
  }

  override componentWillUnmount(): void {
    this.#observer?.disconnect();
  }

  override render() {
    const { places, alarms } = this.props;
    const { hover, outside } = this.state;
    const label = `Map of ${count(places?.count ?? 0)} sensors, ${count(alarms.length)} alarms; the queue lists them`;
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
        {hover && <HoverCard hit={hover} alarms={alarms} />}
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
        {outside > 0 && (
          <p class="map-outside">
            {count(outside)} {outside === 1 ? 'alarm' : 'alarms'} outside this view
          </p>
        )}
        {places && places.count > 0 && <p class="map-note">{count(places.count)} sensors</p>}
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
    const hit = this.#map?.hit(event.offsetX, event.offsetY);
    if (hit?.kind !== 'spot') return;
    const [first] = hit.spot.alarms;
    if (first) this.props.onOpen(first.id);
  };
}

function MapButton({ label, text, onClick }: { label: string; text: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={label} title={label} onClick={onClick}>
      {text}
    </button>
  );
}

const LINES_MAX = 5;

function HoverCard({ hit, alarms }: { hit: Hit; alarms: readonly ListedAlarm[] }) {
  const at = hit.kind === 'spot' ? hit.spot : hit;
  const here = hit.kind === 'spot' ? hit.spot.alarms : alarms.filter(({ sensor }) => sensor === hit.sensor);
  return (
    <div class="hover-card" role="presentation" style={{ left: `${at.x + 14}px`, top: `${at.y + 14}px` }}>
      {hit.kind === 'sensor' && <div>Sensor {hit.sensor}: all is well</div>}
      {here.slice(0, LINES_MAX).map((alarm) => (
        <div key={alarm.id}>
          {TYPE_WORD[alarm.type]} {stateWord(alarm)}, sensor {alarm.sensor}
        </div>
      ))}
      {here.length > LINES_MAX && <div>and {count(here.length - LINES_MAX)} more: zoom in</div>}
    </div>
  );
}
