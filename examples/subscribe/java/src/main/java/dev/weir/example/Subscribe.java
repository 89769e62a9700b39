package dev.weir.example;

import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Prints the events of weir.cost-anomalies, one line each, and commits after each. */
public final class Subscribe {
  private static final String TOPIC = "weir.cost-anomalies";
  private static final Path SCHEMAS = Path.of(setting("SCHEMAS", "../../../schemas"));

  private final Schema ownSchema;
  private final GenericData data = new GenericData();
  private final Map<Object, GenericDatumReader<GenericRecord>> readers = new HashMap<>();

  private Subscribe() throws IOException {
    ownSchema = new Schema.Parser().parse(SCHEMAS.resolve("cost-anomaly.avsc").toFile());
    data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimestampMillisConversion());
  }

  public static void main(String[] args) throws Exception {
    new Subscribe().run();
  }

  private void run() throws Exception {
    Map<String, Object> settings =
        Map.of(
            "bootstrap.servers", setting("KAFKA_BROKERS", "127.0.0.1:9092"),
            "group.id", setting("GROUP_ID", "example"),
            "auto.offset.reset", "earliest",
            "enable.auto.commit", false);
    try (var consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      var main = Thread.currentThread();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(consumer, main)));
      consumer.subscribe(List.of(TOPIC));
      while (true) {
        for (ConsumerRecord<byte[], byte[]> message : consumer.poll(Duration.ofSeconds(1))) {
          if (message.value() != null) print(decode(message.value()));
          // Not before it is handled: a program that dies here reads the event again, and misses none.
          consumer.commitSync(
              Map.of(
                  new TopicPartition(message.topic(), message.partition()),
                  new OffsetAndMetadata(message.offset() + 1)));
        }
      }
    } catch (WakeupException stopped) {
      // The shutdown hook asked for it.
    }
  }

  private static void stop(KafkaConsumer<?, ?> consumer, Thread main) {
    consumer.wakeup();
    try {
      main.join(5_000);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void print(GenericRecord event) {
    // An event can come twice: anomaly_id and version together tell whether it did.
    System.out.printf(
        "%s %s %s %s %s USD: %s%n",
        (Instant) event.get("started_at"),
        event.get("severity"),
        event.get("status"),
        event.get("kind"),
        ((BigDecimal) event.get("impact_usd")).toPlainString(),
        event.get("message"));
  }

  /** Decodes by the schema that the record names, into the schema this program knows. */
  private GenericRecord decode(byte[] value) throws Exception {
    ByteBuffer bytes = ByteBuffer.wrap(value);
    int start;
    Object key;
    if (value[0] == (byte) 0xC3 && value[1] == 0x01) {
      start = 10;
      key = String.format("%016x", bytes.order(ByteOrder.LITTLE_ENDIAN).getLong(2));
    } else if (value[0] == 0x00) {
      start = 5;
      key = bytes.getInt(1);
    } else {
      throw new IOException("neither single-object encoding nor Confluent framing");
    }
    var reader = readers.get(key);
    if (reader == null) {
      Schema writer = key instanceof Integer id ? registeredSchema(id) : publishedSchema((String) key);
      reader = new GenericDatumReader<>(writer, ownSchema, data);
      readers.put(key, reader);
    }
    var decoder = DecoderFactory.get().binaryDecoder(value, start, value.length - start, null);
    return reader.read(null, decoder);
  }

  /** Schema by its fingerprint: every version ever published lies in schemas/golden. */
  private static Schema publishedSchema(String fingerprint) throws IOException {
    Path file = SCHEMAS.resolve("golden/cost-anomaly/" + fingerprint + ".json");
    return new Schema.Parser().parse(Json.member(java.nio.file.Files.readString(file), "schema"));
  }

  /** Schema by its id in a registry. */
  private static Schema registeredSchema(int id) throws Exception {
    URI address = URI.create(setting("SCHEMA_REGISTRY", "") + "/schemas/ids/" + id);
    HttpResponse<String> response =
        HttpClient.newHttpClient()
            .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) {
      throw new IOException("the schema registry answered " + response.statusCode() + " for id " + id);
    }
    return new Schema.Parser().parse(Json.member(response.body(), "schema"));
  }

  private static String setting(String name, String fallback) {
    return System.getenv().getOrDefault(name, fallback);
  }
}
