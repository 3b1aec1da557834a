// Asks Vestnik, over Kafka, for a letter or for the launch of a campaign. CloudEvents in binary mode.
//
//     java -cp 'libs/*' Producer.java BROKERS notice NUMBER ADDRESS
//     java -cp 'libs/*' Producer.java BROKERS launch CAMPAIGN CONTENT_HASH
//
// The first: an application was taken, tell the school. The second: both as `vestnik campaign store`
// printed them. Exit code: 0 the broker has it, 1 it may not have it (run again: nothing happens twice),
// 2 wrong use. VESTNIK_TIMEOUT_S: how many seconds it tries (30), and as many before that to find the brokers.
// Needs JDK 17; in libs/: kafka-clients, slf4j-api, jackson-databind, -core, -annotations.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Producer {
	// With an address like kafka://host:9092/prefix in Vestnik's settings: prefix.vestnik.tasks.
	static final String TOPIC = System.getenv().getOrDefault("VESTNIK_TOPIC", "vestnik.tasks");
	static final int TIMEOUT_MS = 1000 * Integer.parseInt(System.getenv().getOrDefault("VESTNIK_TIMEOUT_S", "30"));
	// The name that the settings of Vestnik know this program by (`sources`).
	static final String SOURCE = "/contest-registry";

	// id: what the letter is about, never a random number: who repeats it asks for the same letter.
	// key: tasks of one campaign stay in order; a repeated notice meets its first copy.
	record Task(String type, String id, String key, Map<String, Object> data) {}

	static Task notice(String number, String address) {
		String id = "application-" + number + "-taken";
		return new Task("vestnik.task.notify", id, id, Map.of(
			"subject", "Заявка {{number}} принята",
			"text", "Уважаемые коллеги!\n\nВаша заявка {{number}} на участие в конкурсе принята.",
			"to", List.of(Map.of("address", address, "fields", Map.of("number", number)))));
	}

	static Task launch(String campaign, String contentHash) {
		return new Task("vestnik.task.campaign.launch", "launch-" + campaign, campaign,
			Map.of("campaign", campaign, "content_hash", contentHash));
	}

	static ProducerRecord<String, byte[]> recordOf(Task task) throws Exception {
		byte[] data = new ObjectMapper().writeValueAsBytes(task.data());
		var record = new ProducerRecord<>(TOPIC, task.key(), data);
		Map.of("ce_specversion", "1.0", "ce_id", task.id(), "ce_source", SOURCE, "ce_type", task.type(),
			"ce_time", Instant.now().toString(), "content-type", "application/json")
			.forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
		return record;
	}

	static Properties settings(String brokers) {
		var settings = new Properties();
		settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
		settings.put(ProducerConfig.CLIENT_ID_CONFIG, "contest-registry");
		settings.put(ProducerConfig.ACKS_CONFIG, "all");
		// The client's own retries write it once and in order.
		settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
		// Then get() below says that it failed.
		settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, TIMEOUT_MS);
		settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MS / 3); // room for another try or two
		settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, TIMEOUT_MS);           // for finding the brokers
		return settings;
	}

	public static void main(String[] args) throws Exception {
		boolean launch = args.length == 4 && args[1].equals("launch");
		if (!launch && !(args.length == 4 && args[1].equals("notice"))) {
			System.err.println("usage: Producer.java BROKERS notice NUMBER ADDRESS | launch CAMPAIGN CONTENT_HASH");
			System.exit(2);
		}
		Task task = launch ? launch(args[2], args[3]) : notice(args[2], args[3]);
		try (var producer = new KafkaProducer<>(settings(args[0]), new StringSerializer(), new ByteArraySerializer())) {
			// A program that lives on gives send() a callback and looks at its exception there.
			RecordMetadata at = producer.send(recordOf(task)).get();
			System.out.printf("%s: %s, partition %d, offset %d%n", task.id(), at.topic(), at.partition(), at.offset());
		} catch (ExecutionException | KafkaException error) {
			Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
			System.err.printf("%s: not delivered: %s%n", task.id(), cause.getMessage());
			System.exit(1);
		}
	}
}
