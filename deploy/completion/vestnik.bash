# Completion of vestnik for bash; made by `vestnik completion bash`: don't edit.
# Source it, or put it into /usr/share/bash-completion/completions/vestnik
_vestnik()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
	local phrase='' words='' options='' operand='' values='' i word known=''
	local IFS=$' \t\n'
	COMPREPLY=()
	if [[ $current == '=' ]]; then
		current=''
	elif [[ $previous == '=' ]]; then
		previous=${COMP_WORDS[COMP_CWORD-2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--config|--lang) ((i++)); [[ ${COMP_WORDS[i]} == '=' ]] && ((i++)) ;;
		-*) ;;
		*)
			case "$phrase $word" in
			'-'|'report calls'|'report acknowledgements') known='' ;;
			esac
			[[ -z $known ]] && phrase+=${phrase:+ }$word
			case $phrase in
			'directory import'|'directory list'|'directory show'|'directory export'|'campaign check'|'campaign preview'|'campaign test'|'campaign launch'|'campaign store'|'campaign list'|'campaign status'|'campaign pause'|'campaign resume'|'campaign cancel'|'campaign retry'|'campaign copy'|'campaign rounds'|'campaign stage'|'campaign text'|'campaign postpone'|'campaign correct'|'campaign recall'|'delivery readdress'|'campaign approvals'|'campaign approve'|'campaign refuse'|'campaign archive'|'campaign verify'|'simulate'|'answer list'|'answer show'|'answer set'|'answer confirm'|'answer refuse'|'answer reopen'|'answer import'|'answer form'|'report'|'report calls'|'report acknowledgements'|'log'|'delivery show'|'webhook add'|'webhook list'|'webhook change'|'webhook test'|'webhook attempts'|'webhook replay'|'webhook rotate'|'webhook remove'|'webhook enable'|'relay list'|'relay check'|'suppression add'|'suppression remove'|'suppression list'|'calendar show'|'account add'|'account list'|'account passwd'|'account role'|'account disable'|'account enable'|'account sessions'|'api-key add'|'api-key list'|'api-key revoke'|'roadmap show'|'roadmap import'|'roadmap map'|'roadmap status'|'roadmap mark'|'intake explain'|'mail list'|'mail show'|'mail confirm'|'mail ignore'|'mail assign'|'task put'|'dead list'|'dead show'|'dead replay'|'dead drop'|'bus init'|'bus check'|'up'|'down'|'status'|'check-config'|'store backup'|'store restored'|'store copy'|'person find'|'person export'|'person erase'|'retention show'|'retention run'|'audit list'|'audit verify'|'audit head'|'help'|'completion') known=1 ;;
			esac ;;
		esac
	done
	case $phrase in
	'') words='directory campaign delivery campaign simulate answer report log delivery webhook relay suppression calendar account api-key roadmap intake mail task dead bus up down status check-config store person retention audit help completion' ;;
	directory) words='import list show export' ;;
	campaign) words='check preview test launch store list status pause resume cancel retry copy rounds stage text postpone correct recall approvals approve refuse archive verify' ;;
	delivery) words='readdress show' ;;
	campaign) words='check preview test launch store list status pause resume cancel retry copy rounds stage text postpone correct recall approvals approve refuse archive verify' ;;
	answer) words='list show set confirm refuse reopen import form' ;;
	report) words='calls acknowledgements' ;;
	delivery) words='readdress show' ;;
	webhook) words='add list change test attempts replay rotate remove enable' ;;
	relay) words='list check' ;;
	suppression) words='add remove list' ;;
	calendar) words='show' ;;
	account) words='add list passwd role disable enable sessions' ;;
	api-key) words='add list revoke' ;;
	roadmap) words='show import map status mark' ;;
	intake) words='explain' ;;
	mail) words='list show confirm ignore assign' ;;
	task) words='put' ;;
	dead) words='list show replay drop' ;;
	bus) words='init check' ;;
	store) words='backup restored copy' ;;
	person) words='find export erase' ;;
	retention) words='show run' ;;
	audit) words='list verify head' ;;
	esac
	case $phrase in
	'directory import') options=' --dry-run --skip-bad --sheet --encoding --delimiter' operand='@file' ;;
	'directory list') options=' --kind --region --municipality --parent --address --limit' operand='' ;;
	'directory show') options='' operand='@none' ;;
	'directory export') options='' operand='@file' ;;
	'campaign check') options=' --explain' operand='@file' ;;
	'campaign preview') options=' --letter --explain --for --html --eml' operand='@file' ;;
	'campaign test') options=' --to --for' operand='@file' ;;
	'campaign launch') options=' --yes' operand='@file' ;;
	'campaign store') options='' operand='@file' ;;
	'campaign list') options=' --all --state --limit' operand='' ;;
	'campaign status') options=' --watch' operand='@none' ;;
	'campaign pause') options=' --reason' operand='@none' ;;
	'campaign resume') options=' --reason' operand='@none' ;;
	'campaign cancel') options=' --reason --yes' operand='@none' ;;
	'campaign retry') options=' --state' operand='@none' ;;
	'campaign copy') options=' --start --name --to' operand='@file' ;;
	'campaign rounds') options=' --plan' operand='@none' ;;
	'campaign stage') options=' --at --deadline' operand='@none' ;;
	'campaign text') options=' --round --html' operand='@none' ;;
	'campaign postpone') options=' --deadline --round --tell' operand='@none' ;;
	'campaign correct') options='' operand='@none' ;;
	'campaign recall') options=' --reason --yes' operand='@none' ;;
	'delivery readdress') options=' --role' operand='@none' ;;
	'campaign approvals') options=' --all' operand='' ;;
	'campaign approve') options=' --note' operand='@none' ;;
	'campaign refuse') options=' --reason' operand='@none' ;;
	'campaign archive') options=' --output' operand='@none' ;;
	'campaign verify') options='' operand='@file' ;;
	'simulate') options=' --from --until' operand='@file' ;;
	'answer list') options=' --state --round' operand='@none' ;;
	'answer show') options=' --save --round' operand='@none' ;;
	'answer set') options=' --said-by --phone --way --note --round' operand='@none' ;;
	'answer confirm') options=' --version --note --round' operand='@none' ;;
	'answer refuse') options=' --version --note --round' operand='@none' ;;
	'answer reopen') options=' --version --note --round' operand='@none' ;;
	'answer import') options=' --dry-run --skip-bad --sheet --encoding --round' operand='@none' ;;
	'answer form') options=' --round' operand='@none' ;;
	'report') options=' --round --format --output' operand='@none' ;;
	'report calls') options=' --round --format --output' operand='@none' ;;
	'report acknowledgements') options=' --round --format --output' operand='@none' ;;
	'log') options=' --follow --campaign --state --address --since --limit' operand='' ;;
	'delivery show') options='' operand='@none' ;;
	'webhook add') options=' --events --campaign --allow-private --concurrency' operand='@none' ;;
	'webhook list') options='' operand='' ;;
	'webhook change') options=' --url --events --campaign --allow-private --public --concurrency' operand='@none' ;;
	'webhook test') options='' operand='@none' ;;
	'webhook attempts') options=' --failed --message --limit' operand='@none' ;;
	'webhook replay') options=' --since --until --state' operand='@none' ;;
	'webhook rotate') options=' --keep' operand='@none' ;;
	'webhook remove') options='' operand='@none' ;;
	'webhook enable') options='' operand='@none' ;;
	'relay list') options='' operand='' ;;
	'relay check') options=' --to' operand='@none' ;;
	'suppression add') options=' --reason' operand='@none' ;;
	'suppression remove') options='' operand='@none' ;;
	'suppression list') options='' operand='' ;;
	'calendar show') options=' --calendar --folder' operand='@none' ;;
	'account add') options=' --name --role --address --password-file' operand='@none' ;;
	'account list') options='' operand='' ;;
	'account passwd') options=' --password-file' operand='@none' ;;
	'account role') options='' operand='@none' ;;
	'account disable') options='' operand='@none' ;;
	'account enable') options='' operand='@none' ;;
	'account sessions') options=' --end' operand='@none' ;;
	'api-key add') options=' --scopes --sender --days' operand='@none' ;;
	'api-key list') options='' operand='' ;;
	'api-key revoke') options='' operand='@none' ;;
	'roadmap show') options=' --year --school-year --sheet' operand='@file' ;;
	'roadmap import') options=' --campaign --title --folder --year --school-year --from --to --term --before --after --answer --ask-past --before-letter --result-letter --controller --replace --sheet' operand='@file' ;;
	'roadmap map') options=' --to --department --nobody --forget --all' operand='@none' ;;
	'roadmap status') options=' --xlsx --state --key' operand='@none' ;;
	'roadmap mark') options=' --done --moved --failed --clear --note' operand='@none' ;;
	'intake explain') options=' --text' operand='@file' ;;
	'mail list') options=' --all --campaign' operand='' ;;
	'mail show') options=' --save' operand='@none' ;;
	'mail confirm') options=' --set' operand='@none' ;;
	'mail ignore') options=' --reason' operand='@none' ;;
	'mail assign') options=' --round' operand='@none' ;;
	'task put') options=' --lines' operand='@file' ;;
	'dead list') options='' operand='' ;;
	'dead show') options='' operand='@none' ;;
	'dead replay') options=' --all' operand='@none' ;;
	'dead drop') options=' --reason' operand='@none' ;;
	'bus init') options=' --partitions --replication --principal --producer' operand='' ;;
	'bus check') options=' --partitions --replication' operand='' ;;
	'up') options=' --detach' operand='' ;;
	'down') options='' operand='' ;;
	'status') options='' operand='' ;;
	'check-config') options=' --reference' operand='' ;;
	'store backup') options='' operand='@file' ;;
	'store restored') options='' operand='' ;;
	'store copy') options=' --from --to --bus' operand='' ;;
	'person find') options=' --name --organisation' operand='@none' ;;
	'person export') options=' --name --organisation --output' operand='@none' ;;
	'person erase') options=' --name --organisation --reason --forget --yes' operand='@none' ;;
	'retention show') options='' operand='' ;;
	'retention run') options='' operand='' ;;
	'audit list') options=' --actor --action --subject --since --until --before --limit' operand='' ;;
	'audit verify') options=' --head' operand='' ;;
	'audit head') options='' operand='' ;;
	'help') options='' operand='directory campaign delivery campaign simulate answer report log delivery webhook relay suppression calendar account api-key roadmap intake mail task dead bus up down status check-config store person retention audit help completion' ;;
	'completion') options='' operand='bash' ;;
	esac
	options+=' --config --lang --json --help'
	case "$phrase $previous" in
	'directory import --sheet') values='@none' ;;
	'directory import --encoding') values='@none' ;;
	'directory import --delimiter') values='@none' ;;
	'directory list --kind') values='@none' ;;
	'directory list --region') values='@none' ;;
	'directory list --municipality') values='@none' ;;
	'directory list --parent') values='@none' ;;
	'directory list --address') values='@none' ;;
	'directory list --limit') values='@none' ;;
	'campaign check --explain') values='@none' ;;
	'campaign preview --letter') values='@none' ;;
	'campaign preview --explain') values='@none' ;;
	'campaign preview --for') values='@none' ;;
	'campaign test --to') values='@none' ;;
	'campaign test --for') values='@none' ;;
	'campaign list --state') values='draft running paused cancelled finished' ;;
	'campaign list --limit') values='@none' ;;
	'campaign pause --reason') values='@none' ;;
	'campaign resume --reason') values='@none' ;;
	'campaign cancel --reason') values='@none' ;;
	'campaign retry --state') values='failed uncertain' ;;
	'campaign copy --start') values='@none' ;;
	'campaign copy --name') values='@none' ;;
	'campaign copy --to') values='@folder' ;;
	'campaign stage --at') values='@none' ;;
	'campaign stage --deadline') values='@none' ;;
	'campaign text --round') values='@none' ;;
	'campaign postpone --deadline') values='@none' ;;
	'campaign postpone --round') values='@none' ;;
	'campaign recall --reason') values='@none' ;;
	'delivery readdress --role') values='@none' ;;
	'campaign approve --note') values='@none' ;;
	'campaign refuse --reason') values='@none' ;;
	'campaign archive --output') values='@file' ;;
	'simulate --from') values='@none' ;;
	'simulate --until') values='@none' ;;
	'answer list --state') values='open received partial confirmed withdrawn differs silent' ;;
	'answer list --round') values='@none' ;;
	'answer show --save') values='@folder' ;;
	'answer show --round') values='@none' ;;
	'answer set --said-by') values='@none' ;;
	'answer set --phone') values='@none' ;;
	'answer set --way') values='phone staff mail' ;;
	'answer set --note') values='@none' ;;
	'answer set --round') values='@none' ;;
	'answer confirm --version') values='@none' ;;
	'answer confirm --note') values='@none' ;;
	'answer confirm --round') values='@none' ;;
	'answer refuse --version') values='@none' ;;
	'answer refuse --note') values='@none' ;;
	'answer refuse --round') values='@none' ;;
	'answer reopen --version') values='@none' ;;
	'answer reopen --note') values='@none' ;;
	'answer reopen --round') values='@none' ;;
	'answer import --sheet') values='@none' ;;
	'answer import --encoding') values='@none' ;;
	'answer import --round') values='@none' ;;
	'answer form --round') values='@none' ;;
	'report --round') values='@none' ;;
	'report --format') values='text html xlsx csv json' ;;
	'report --output') values='@file' ;;
	'report calls --round') values='@none' ;;
	'report calls --format') values='text html xlsx json' ;;
	'report calls --output') values='@file' ;;
	'report acknowledgements --round') values='@none' ;;
	'report acknowledgements --format') values='text html xlsx json' ;;
	'report acknowledgements --output') values='@file' ;;
	'log --campaign') values='@none' ;;
	'log --state') values='waiting sending uncertain deferred returned accepted delivered bounced failed expired cancelled suppressed' ;;
	'log --address') values='@none' ;;
	'log --since') values='@none' ;;
	'log --limit') values='@none' ;;
	'webhook add --events') values='@none' ;;
	'webhook add --campaign') values='@none' ;;
	'webhook add --concurrency') values='@none' ;;
	'webhook change --url') values='@none' ;;
	'webhook change --events') values='@none' ;;
	'webhook change --campaign') values='@none' ;;
	'webhook change --concurrency') values='@none' ;;
	'webhook attempts --message') values='@none' ;;
	'webhook attempts --limit') values='@none' ;;
	'webhook replay --since') values='@none' ;;
	'webhook replay --until') values='@none' ;;
	'webhook replay --state') values='failed delivered pending' ;;
	'webhook rotate --keep') values='@none' ;;
	'relay check --to') values='@none' ;;
	'suppression add --reason') values='@none' ;;
	'calendar show --calendar') values='@none' ;;
	'calendar show --folder') values='@folder' ;;
	'account add --name') values='@none' ;;
	'account add --role') values='admin staff approver operator read-only' ;;
	'account add --address') values='@none' ;;
	'account add --password-file') values='@file' ;;
	'account passwd --password-file') values='@file' ;;
	'api-key add --scopes') values='@none' ;;
	'api-key add --sender') values='@none' ;;
	'api-key add --days') values='@none' ;;
	'roadmap show --year') values='@none' ;;
	'roadmap show --school-year') values='@none' ;;
	'roadmap show --sheet') values='@none' ;;
	'roadmap import --campaign') values='@none' ;;
	'roadmap import --title') values='@none' ;;
	'roadmap import --folder') values='@folder' ;;
	'roadmap import --year') values='@none' ;;
	'roadmap import --school-year') values='@none' ;;
	'roadmap import --from') values='@none' ;;
	'roadmap import --to') values='@none' ;;
	'roadmap import --term') values='@none' ;;
	'roadmap import --before') values='@none' ;;
	'roadmap import --after') values='@none' ;;
	'roadmap import --answer') values='@none' ;;
	'roadmap import --before-letter') values='@file' ;;
	'roadmap import --result-letter') values='@file' ;;
	'roadmap import --controller') values='@none' ;;
	'roadmap import --sheet') values='@none' ;;
	'roadmap map --to') values='@none' ;;
	'roadmap map --department') values='@none' ;;
	'roadmap status --xlsx') values='@file' ;;
	'roadmap status --state') values='draft planned running asked received overdue moved failed done' ;;
	'roadmap status --key') values='@none' ;;
	'roadmap mark --moved') values='@none' ;;
	'roadmap mark --note') values='@none' ;;
	'mail list --campaign') values='@none' ;;
	'mail show --save') values='@file' ;;
	'mail confirm --set') values='@none' ;;
	'mail ignore --reason') values='@none' ;;
	'mail assign --round') values='@none' ;;
	'dead drop --reason') values='@none' ;;
	'bus init --partitions') values='@none' ;;
	'bus init --replication') values='@none' ;;
	'bus init --principal') values='@none' ;;
	'bus init --producer') values='@none' ;;
	'bus check --partitions') values='@none' ;;
	'bus check --replication') values='@none' ;;
	'store copy --from') values='@none' ;;
	'store copy --to') values='@none' ;;
	'store copy --bus') values='embedded kafka' ;;
	'person find --name') values='@none' ;;
	'person find --organisation') values='@none' ;;
	'person export --name') values='@none' ;;
	'person export --organisation') values='@none' ;;
	'person export --output') values='@file' ;;
	'person erase --name') values='@none' ;;
	'person erase --organisation') values='@none' ;;
	'person erase --reason') values='@none' ;;
	'audit list --actor') values='@none' ;;
	'audit list --action') values='@none' ;;
	'audit list --subject') values='@none' ;;
	'audit list --since') values='@none' ;;
	'audit list --until') values='@none' ;;
	'audit list --before') values='@none' ;;
	'audit list --limit') values='@none' ;;
	'audit verify --head') values='@none' ;;
	*' --config') values='@file' ;;
	*' --lang') values='ru en' ;;
	esac
	if [[ -z $values && $current != -* ]]; then
		if [[ -z $known ]]; then
			values=${words:-@none}
		else
			values=$operand
		fi
	fi
	case $values in
	@file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
	@folder)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
	@none) ;;
	'') mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current") ;;
	esac
}
complete -F _vestnik vestnik
