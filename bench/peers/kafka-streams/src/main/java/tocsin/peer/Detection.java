package tocsin.peer;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Motion raises an alarm at once, smoke and heat with the third hit; an active alarm isn't raised again; a recovery clears all alarms of a sensor.
 * State per sensor, kept only while there is something to remember, is four bytes: hits of each type, and one bit per active alarm.
 */
final class Detection implements Processor<byte[], byte[], byte[], byte[]> {
  static final String NAME = "detection";
  static final String STORE = "state";
  static final String ALARMS = "alarms";
  static final String COUNTS = "counts";
  private static final String[] TYPES = {"motion", "smoke", "temperature"};
  private static final int[] HITS = {1, 3, 3};

  private final Status status = new Status();
  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<Integer, byte[]> store;

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.store = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (!status.read(record.value())) {
      return;
    }
    boolean recovery = context.recordMetadata().map(place -> place.topic().equals("OK")).orElse(false);
    if (recovery) {
      recover(record);
    } else {
      if (status.motion) {
        hit(record, 0);
      }
      if (status.smoke) {
        hit(record, 1);
      }
      if (status.temperature > status.maxTemperature) {
        hit(record, 2);
      }
    }
  }

  private void hit(Record<byte[], byte[]> record, int type) {
    byte[] found = store.get(status.id);
    byte[] state = found == null ? new byte[4] : found.clone();
    if ((state[3] & (1 << type)) != 0) {
      return;
    }
    state[type] += 1;
    if (state[type] >= HITS[type]) {
      state[type] = 0;
      state[3] |= (byte) (1 << type);
      emit(record, type, "raised");
    }
    store.put(status.id, state);
  }

  private void recover(Record<byte[], byte[]> record) {
    byte[] state = store.delete(status.id);
    if (state == null) {
      return;
    }
    for (int type = 0; type < TYPES.length; type += 1) {
      if ((state[3] & (1 << type)) != 0) {
        emit(record, type, "cleared");
      }
    }
  }

  private void emit(Record<byte[], byte[]> record, int type, String event) {
    String json =
        "{\"event\":\"" + event + "\",\"sensor\":" + status.id + ",\"type\":\"" + TYPES[type] + "\",\"at\":" + record.timestamp() + "}";
    Record<byte[], byte[]> output = record.withValue(json.getBytes(StandardCharsets.UTF_8));
    context.forward(output, ALARMS);
    if (event.equals("raised")) {
      context.forward(output, COUNTS);
    }
  }
}
