package tocsin.peer;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * The same work as Tocsin's processor, by Kafka Streams with exactly-once processing: reads ENTRY and OK, writes ALARM and COUNT.
 * Settings come as system properties: brokers, application, instance (static membership), threads, commitMs, folder.
 */
public final class Peer {
  private Peer() {}

  public static void main(String[] args) throws InterruptedException {
    KafkaStreams streams = new KafkaStreams(topology(), settings());
    CountDownLatch stopped = new CountDownLatch(1);
    streams.setUncaughtExceptionHandler(
        fault -> {
          fault.printStackTrace();
          Runtime.getRuntime().halt(1);
          return null;
        });
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  streams.close(Duration.ofSeconds(10));
                  stopped.countDown();
                }));
    streams.start();
    stopped.await();
  }

  static Topology topology() {
    Topology topology = new Topology();
    var bytes = Serdes.ByteArray();
    topology.addSource("entries", bytes.deserializer(), bytes.deserializer(), "ENTRY");
    topology.addSource("recoveries", bytes.deserializer(), bytes.deserializer(), "OK");
    topology.addProcessor(Detection.NAME, Detection::new, "entries", "recoveries");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(Detection.STORE), Serdes.Integer(), bytes)
            .withCachingDisabled()
            .withLoggingEnabled(java.util.Map.of()),
        Detection.NAME);
    topology.addSink(Detection.ALARMS, "ALARM", bytes.serializer(), bytes.serializer(), Detection.NAME);
    topology.addSink(Detection.COUNTS, "COUNT", bytes.serializer(), bytes.serializer(), Detection.NAME);
    return topology;
  }

  static Properties settings() {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, System.getProperty("brokers"));
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, System.getProperty("application"));
    settings.put(StreamsConfig.STATE_DIR_CONFIG, System.getProperty("folder"));
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, System.getProperty("threads", "2"));
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, System.getProperty("commitMs", "20"));
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, "-1");
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, "10000");
    // By default it checks before every record whether the other topic may have an older one, and formats a message while that is empty, which takes
    // half of all CPU.
    settings.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, String.valueOf(StreamsConfig.MAX_TASK_IDLE_MS_DISABLED));
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), "10000");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG), "6000");
    settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG), "1500");
    settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), "5");
    String instance = System.getProperty("instance");
    if (instance != null) {
      settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), instance);
    }
    return settings;
  }
}
