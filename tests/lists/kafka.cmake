# The Kafka driver beside a broker of its own.
vestnik_test(integration/test_kafka_consumer.c USES bus test_busbed LIBRARIES PkgConfig::RDKAFKA)
vestnik_test_beside(test_kafka_consumer kafka LABELS threads)
