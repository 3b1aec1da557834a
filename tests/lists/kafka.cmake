# The Kafka driver beside a broker of its own.
vestnik_test(integration/test_kafka_consumer.c USES bus test_busbed LIBRARIES PkgConfig::RDKAFKA)
vestnik_test_beside(test_kafka_consumer kafka LABELS threads)
vestnik_test(integration/test_kafka_outbox.c USES bus test_busbed)
vestnik_test_beside(test_kafka_outbox kafka LABELS threads)
vestnik_test_beside(test_kafka_outbox kafka postgres)
vestnik_test(integration/test_kafka_away.c USES bus test_scratch LIBRARIES PkgConfig::RDKAFKA LABELS threads)

add_executable(bench_kafka bench/bench_kafka.c)
vestnik_common_options(bench_kafka)
target_link_libraries(bench_kafka PRIVATE bus store base Threads::Threads)

add_executable(kafka_probe support/kafka_probe.c)
vestnik_common_options(kafka_probe)
target_link_libraries(kafka_probe PRIVATE bus store base Threads::Threads)
vestnik_script_test(chaos/kafka_brokers_die_and_no_message_is_lost.py TIMEOUT 400)
vestnik_script_test(integration/kafka_is_reached_over_tls_with_a_password_and_rights.py)
