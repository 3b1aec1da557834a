# Campaigns of 20,000 letters on Kafka and PostgreSQL while something fails.
vestnik_script_test(integration/two_machines_share_one_campaign.py)
vestnik_script_test(chaos/two_of_each_service_survive_a_kill_of_any_one.py TIMEOUT 600)
vestnik_script_test(chaos/three_brokers_survive_kills_and_a_freeze.py TIMEOUT 600)
