#!/bin/bash
# From a bare Debian 12 to a delivered demo campaign: packages, build, a folder
# with settings, a real local SMTP server and a webhook receiver, the services,
# and a campaign that goes round the whole loop in a few seconds: letters to ten
# municipalities and a hundred schools, an answer by form and one by reply, reminders
# to the silent, the deadline, the report. Then: the console's address and a login, and what to look at
# next.
#
# The campaign is one of April 2023, so the services live in simulated time: they add
# the number in run/clock to the real one, and this script moves it; in the end it is zero, and
# what you do in the console happens now.
#
# Nothing leaves the machine. It may be run again: what is there is used.
#
#   VESTNIK_DEMO_DIR   where everything goes        (default: ./demo-data of the project)
#   VESTNIK_BIN        programs built already       (default: packages and build)
#   VESTNIK_CAMPAIGN   another campaign folder      (default: config/campaigns/s3-flagships)
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
demo=${VESTNIK_DEMO_DIR:-$project/demo-data}
campaign=${VESTNIK_CAMPAIGN:-$project/config/campaigns/s3-flagships}
reader=mo-01 # whose letter is shown
by_form=education-03@district.example.org  # who answers by form
by_reply=education-04@district.example.org # who answers by replying
directory=$project/config/demo/schools.csv
bin=${VESTNIK_BIN:-$project/build/release/bin}
python=/usr/bin/python3 # Debian's: aiosmtpd comes as a package

locale=${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}
case $locale in
ru*) language=ru ;;
*) language=en ;;
esac

say() { # English, Russian
	if [ "$language" = ru ]; then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}
step() {
	printf '\n\033[1m'
	say "$1" "$2"
	printf '\033[0m'
}
fail() {
	say "quickstart: $1" "quickstart: $2" >&2
	exit 1
}
vestnik() { "$bin/vestnik" --config "$demo/vestnik.yaml" --lang "$language" "$@"; }
shown() { # prints the command as a person would type it, then runs it
	printf '$ vestnik %s\n' "$*"
	vestnik "$@"
}

# ---- packages and build ---------------------------------------------------------

build() {
	[ -n "${VESTNIK_BIN:-}" ] && return
	step "1. Packages (apt-get, a minute or two)" "1. Пакеты (apt-get, минута-другая)"
	"$project/deploy/install-packages.sh"
	step "2. Build" "2. Сборка"
	(cd "$project" && cmake --preset release >"$demo/build.log" 2>&1 &&
		cmake --build --preset release --target vestnik vestnik-planner vestnik-mailer \
			vestnik-ledger vestnik-notifier vestnik-portal vestnik-intake vestnik-console >>"$demo/build.log" 2>&1) || {
		tail -20 "$demo/build.log" >&2
		fail "the build failed: $demo/build.log" "сборка не удалась: $demo/build.log"
	}
}

# ---- the helpers of the demo ------------------------------------------------------

alive() { # pid file: is that program still the one we started?
	[ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null
}
await_file() {
	for _ in $(seq 200); do
		[ -s "$1" ] && return
		sleep 0.05
	done
	fail "$1 did not appear: see $demo/log" "$1 не появился: см. $demo/log"
}
start_helper() { # name, then its arguments
	local name=$1
	shift
	alive "$demo/run/$name.pid" && return
	# the port of the last time, if there was one: the settings name it
	local port=0
	[ -s "$demo/run/$name.port" ] && port=$(cat "$demo/run/$name.port")
	rm -f "$demo/run/$name.port"
	setsid "$python" "$project/deploy/demo/$name.py" --port "$port" \
		--port-file "$demo/run/$name.port" "$@" </dev/null >>"$demo/log/$name.log" 2>&1 &
	echo $! >"$demo/run/$name.pid"
	await_file "$demo/run/$name.port"
}

# ---- simulated time ---------------------------------------------------------------

# Another campaign is of today, this one of April 2023.
if [ -z "${VESTNIK_CAMPAIGN:-}" ]; then export VESTNIK_CLOCK=$demo/run/clock; fi
people() { # what, then its arguments
	local what=$1
	shift
	"$python" "$project/deploy/demo/people.py" "$what" --maildir "$demo/Maildir" "$@"
}
travel() { # "2023-04-21 12:00", Moscow time, or "now"; never back
	"$python" - "$VESTNIK_CLOCK" "$1" <<'PYTHON'
import datetime, os, struct, sys, time, zoneinfo
path, wall = sys.argv[1:]
there = datetime.datetime.fromisoformat(wall).replace(tzinfo=zoneinfo.ZoneInfo("Europe/Moscow")) if wall != "now" else None
offset = int((there.timestamp() - time.time()) * 1000) if there else 0
first = not os.path.exists(path)
with open(path, "w+b" if first else "r+b") as f:  # in place: the services have it open
    if first or struct.unpack("=q", f.read(8))[0] < offset:
        f.seek(0)
        f.write(struct.pack("=q", offset))
PYTHON
}
free_port() {
	"$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_helpers() {
	"$python" -c 'import aiosmtpd' 2>/dev/null ||
		fail "python3-aiosmtpd is missing: deploy/install-packages.sh" \
			"нет python3-aiosmtpd: deploy/install-packages.sh"
	[ -s "$demo/run/portal.port" ] || free_port >"$demo/run/portal.port"
	[ -s "$demo/run/console.port" ] || free_port >"$demo/run/console.port"
	mkdir -p "$demo"/incoming/{new,cur,tmp}
	start_helper mail_catcher --maildir "$demo/Maildir"
	start_helper webhook_receiver --secret-file "$demo/webhook.secret" --events "$demo/webhook-events.jsonl"
}

# ---- settings ------------------------------------------------------------------

write_settings() {
	cat >"$demo/vestnik.yaml" <<SETTINGS
# Settings of the demo, written by deploy/quickstart.sh. All of them: vestnik check-config --reference
# Настройки для знакомства, их пишет deploy/quickstart.sh. Все: vestnik check-config --reference
lang: $language
zone: Europe/Moscow
data_dir: data
sender: {name: Министерство образования, address: outreach@ministry.example.org}
relays:
  - {name: demo, host: 127.0.0.1, port: $(cat "$demo/run/mail_catcher.port"), security: none,
     envelope: verp, envelope_sender: bounces@ministry.example.org, reply: tagged}
# Pages that links in letters lead to · страницы, на которые ведут ссылки из писем
public_url: http://127.0.0.1:$(cat "$demo/run/portal.port")
portal: {listen: 127.0.0.1:$(cat "$demo/run/portal.port")}
# Pages of staff and operators, REST API · страницы сотрудников и операторов, REST API
console:
  listen: 127.0.0.1:$(cat "$demo/run/console.port")
  url: http://127.0.0.1:$(cat "$demo/run/console.port")
# Answers and bounces arrive here · сюда приходят ответы и возвраты
intake:
  mailboxes: [{name: answers, maildir: incoming}]
  trusted_authserv: [mx.ministry.example.org]
SETTINGS
}

add_webhook() {
	[ -s "$demo/webhook.secret" ] && return
	local answer
	answer=$(vestnik webhook add --allow-private --json \
		"http://127.0.0.1:$(cat "$demo/run/webhook_receiver.port")/events")
	(umask 077 && "$python" -c 'import json, sys; print(json.load(sys.stdin)["secret"])' \
		<<<"$answer" >"$demo/webhook.secret")
}

add_account() {
	[ -s "$demo/console.password" ] && return
	(umask 077 && head -c 12 /dev/urandom | base64 | tr '+/' 'xy' >"$demo/console.password")
	vestnik account add demo --role admin --name "$(say "Demo" "Знакомство")" \
		--password-file "$demo/console.password"
}

# ---- the campaign ----------------------------------------------------------------

slug() { sed -n 's/^campaign: *\([a-z0-9-]*\).*/\1/p' "$campaign/campaign.yaml" | head -1; }

launch() {
	local id
	id=$(slug)
	if vestnik campaign status "$id" --json >/dev/null 2>&1; then
		say "(launched before: a campaign goes out once)" "(уже запущена: рассылка уходит один раз)"
	else
		shown campaign check "$campaign/campaign.yaml"
		printf '$ vestnik campaign preview %s --for %s\n' "$campaign/campaign.yaml" "$reader"
		vestnik campaign preview "$campaign/campaign.yaml" --for "$reader" | sed -n '1,30p'
		echo …
		shown campaign launch "$campaign/campaign.yaml" --yes
		[ -z "${VESTNIK_CLOCK:-}" ] || loop "$id"
	fi
	shown campaign status "$id"
}

letters() { # files of the Maildir, without those of `relay check`
	grep -rL '^Subject: Vestnik relay check' "$demo/Maildir/new" | sort
}

await_letters() { # how many in all, and 30 s of patience
	for _ in $(seq 300); do
		[ "$(letters | wc -l)" -ge "$1" ] && return
		sleep 0.1
	done
	fail "$(letters | wc -l) letters, want $1: see $demo/data/log/vestnik.log" \
		"писем $(letters | wc -l), нужно $1: см. $demo/data/log/vestnik.log"
}

# What a ministry lives through in three weeks. Nobody but two answers.
loop() {
	travel "2023-04-10 10:00"
	await_letters 110
	say "10 April: 110 letters, each with its own figures and link" \
		"10 апреля: ушло 110 писем, в каждом свои показатели и своя ссылка"
	travel "2023-04-11 10:00"
	people form --to $by_form registered=44 "measures=Собрания в семи школах"
	people reply --to $by_reply --incoming "$demo/incoming" --text 56
	await_letters 111
	say "11 April: one municipality fills in the form, one replies «56» and gets a receipt" \
		"11 апреля: один муниципалитет заполнил форму, другой ответил письмом «56» и получил квитанцию"
	travel "2023-04-18 12:00"
	await_letters 211
	say "18 April: the 100 schools, silent, are reminded" "18 апреля: напоминание 100 молчащим школам"
	travel "2023-04-21 12:00"
	await_letters 319
	say "21 April: the schools again, for Saturday; the 8 silent municipalities" \
		"21 апреля: снова школам, вместо субботы; 8 молчащим муниципалитетам"
	travel "2023-04-24 12:00"
	await_letters 419
	travel "2023-04-25 12:00"
	await_letters 427
	travel "2023-04-27 12:00"
	await_letters 435
	say "24, 25, 27 April: the last reminders" "24, 25, 27 апреля: последние напоминания"
	travel "2023-04-28 18:05"
	await_letters 436
	say "28 April, 18:05: the deadline has passed, the report has gone out" \
		"28 апреля, 18:05: срок прошёл, отчёт ушёл"
	travel "2023-05-02 18:05"
	await_letters 437
	say "2 May: the silent, by name, to the controller" "2 мая: молчащие — поимённо контролёру"
	shown report "$1"
	vestnik report "$1" -o "$demo/report.html" >/dev/null
	vestnik report "$1" -o "$demo/report.xlsx" >/dev/null
	travel now
}

await_webhooks() { # one event for each letter, and 20 s of patience
	local want
	want=$(letters | wc -l)
	for _ in $(seq 100); do
		[ "$(grep -c delivery.accepted "$demo/webhook-events.jsonl" || true)" -ge "$want" ] && return
		sleep 0.2
	done
}

# ---- where to look -----------------------------------------------------------------

summary() {
	local letter events letters console password
	console=http://127.0.0.1:$(cat "$demo/run/console.port")/
	password=$(cat "$demo/console.password")
	letter=$(letters | tail -1)
	letters=$(letters | wc -l)
	events=$(wc -l <"$demo/webhook-events.jsonl" 2>/dev/null || echo 0)
	local call="$bin/vestnik --config $demo/vestnik.yaml" report_ru="" report_en=""
	if [ -s "$demo/report.html" ]; then
		report_ru="
  отчёт                 $demo/report.html, report.xlsx
  входящие ответы       $demo/incoming
  ответить за адресата  $project/deploy/demo/people.py link --maildir $demo/Maildir --to АДРЕС   (ссылка из его письма)"
		report_en="
  the report            $demo/report.html, report.xlsx
  mails that came in    $demo/incoming
  answer for somebody   $project/deploy/demo/people.py link --maildir $demo/Maildir --to ADDRESS   (the link in the letter)"
	fi
	if [ "$language" = ru ]; then
		cat <<TEXT

Готово: писем на почтовом сервере — $letters, событий у приёмника — $events.

Откройте консоль:      $console
  логин                 demo
  пароль                $password
  таблица для пробы     $directory

Где смотреть:
  письмо как файл       $letter$report_ru
  события вебхука       $demo/webhook-events.jsonl
  журнал служб          $demo/data/log/vestnik.log
  настройки             $demo/vestnik.yaml
  папка рассылки        $campaign

Дальше (v='$call'):
  \$v status                        что работает и что в очередях
  \$v log -f                        что происходит с письмами
  \$v delivery show 1               вся история одного письма
  \$v report flagships-2023         кто ответил, кто молчит, итоги
  \$v webhook list                  куда уходят события
  \$v help                          все команды

Остановить:
  \$v down; kill \$(cat $demo/run/*.pid)
Начать заново: остановить, удалить $demo и запустить deploy/quickstart.sh
TEXT
	else
		cat <<TEXT

Done: $letters letters at the mail server, $events events at the receiver.

Open the console:      $console
  login                 demo
  password              $password
  a sheet to try        $directory

Where to look:
  one letter, a file    $letter$report_en
  webhook events        $demo/webhook-events.jsonl
  log of the services   $demo/data/log/vestnik.log
  settings              $demo/vestnik.yaml
  the campaign          $campaign

Next (v='$call'):
  \$v status                        what runs, what waits
  \$v log -f                        what happens to letters
  \$v delivery show 1               one letter's whole story
  \$v report flagships-2023         who answered, who is silent, totals
  \$v webhook list                  where events go
  \$v help                          all commands

Stop:
  \$v down; kill \$(cat $demo/run/*.pid)
Start over: stop, remove $demo, run deploy/quickstart.sh
TEXT
	fi
}

main() {
	mkdir -p "$demo/run" "$demo/log"
	chmod 700 "$demo"
	build
	[ -z "${VESTNIK_CLOCK:-}" ] || travel "2023-04-10 09:30"
	step "3. A local mail server and a webhook receiver" "3. Местный почтовый сервер и приёмник вебхуков"
	start_helpers
	write_settings
	shown check-config
	step "4. The services" "4. Службы"
	add_webhook # before the start: a running notifier would hear of it within a second only
	vestnik status >/dev/null 2>&1 || shown up --detach
	shown relay check demo --to office@ministry.example.org
	step "5. The directory: ten municipalities, a hundred schools" \
		"5. Справочник: десять муниципалитетов, сто школ"
	shown directory import "$directory"
	add_account
	step "6. The campaign" "6. Рассылка"
	launch
	await_webhooks
	summary
}

main
