#!/bin/sh
# Asks Vestnik for a letter with kcat (Debian package kcat), in either mode of CloudEvents.
#
#   kcat.sh BROKERS structured NUMBER ADDRESS     the whole event is the message
#   kcat.sh BROKERS binary NUMBER ADDRESS         attributes as headers, the message is the data
#   kcat.sh BROKERS launch CAMPAIGN CONTENT_HASH
#
# Exit code 0: the broker has it. Else run it again: nothing happens twice.
# VESTNIK_TIMEOUT_S: how many seconds it tries (30).
set -eu
[ $# -eq 4 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
brokers=$1 mode=$2

# With an address like kafka://host:9092/prefix in Vestnik's settings: prefix.vestnik.tasks.
topic=${VESTNIK_TOPIC:-vestnik.tasks}
timeout_s=${VESTNIK_TIMEOUT_S:-30}
source=/contest-registry # as the settings of Vestnik (`sources`) know this program
put() {                  # key, further arguments of kcat; one message on standard input
	key=$1
	shift
	# -E: a broker away for a moment does not end it; -D with a byte that JSON cannot have: a line's end does not end the message
	kcat -P -b "$brokers" -t "$topic" -k "$key" -D '\x1e' -E \
		-X acks=all -X enable.idempotence=true -X message.timeout.ms=$((timeout_s * 1000)) "$@"
}

case $mode in
structured)
	put "application-$3-taken" -H content-type=application/cloudevents+json <<-EVENT
		{"specversion": "1.0", "id": "application-$3-taken", "source": "$source",
		 "type": "vestnik.task.notify",
		 "data": {"subject": "Заявка {{number}} принята",
		          "text": "Уважаемые коллеги!\n\nВаша заявка {{number}} на участие в конкурсе принята.",
		          "to": [{"address": "$4", "fields": {"number": "$3"}}]}}
	EVENT
	;;
binary)
	put "application-$3-taken" -H content-type=application/json -H ce_specversion=1.0 \
		-H "ce_id=application-$3-taken" -H "ce_source=$source" -H ce_type=vestnik.task.notify <<-DATA
		{"subject": "Заявка {{number}} принята",
		 "text": "Уважаемые коллеги!\n\nВаша заявка {{number}} на участие в конкурсе принята.",
		 "to": [{"address": "$4", "fields": {"number": "$3"}}]}
	DATA
	;;
launch)
	put "$3" -H content-type=application/json -H ce_specversion=1.0 -H "ce_id=launch-$3" \
		-H "ce_source=$source" -H ce_type=vestnik.task.campaign.launch <<-DATA
		{"campaign": "$3", "content_hash": "$4"}
	DATA
	;;
*)
	"$0"
	;;
esac
