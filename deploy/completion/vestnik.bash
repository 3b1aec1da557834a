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
			[[ -z $known ]] && phrase+=${phrase:+ }$word
			case $phrase in
			'up'|'down'|'help'|'completion') known=1 ;;
			esac ;;
		esac
	done
	case $phrase in
	'') words='up down help completion' ;;
	esac
	case $phrase in
	'up') options=' --detach' operand='@none' ;;
	'down') options='' operand='@none' ;;
	'help') options='' operand='up down help completion' ;;
	'completion') options='' operand='bash' ;;
	esac
	options+=' --config --lang --json --help'
	case "$phrase $previous" in
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
