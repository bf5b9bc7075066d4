/** The scripts of `pamhook completion`: they ask pamhook what may stand at the cursor, and hand it on to their shell. */
import type { Shell } from './grammar.js';

/** For bash 3.2, which macOS has, and later; without the package bash-completion. */
const BASH = `# bash completion for pamhook and kubectl-pamhook: source it, or put it where bash-completion looks,
# such as ~/.local/share/bash-completion/completions/pamhook

_pamhook() {
  local line=\${COMP_LINE:0:COMP_POINT} words=() word value before kept reply candidate directive i
  COMPREPLY=()
  # COMP_WORDS is split at = and : too: the words are put together again, up to the cursor.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $i == 0 || $line == [[:space:]]* ]]; then
      line=\${line#"\${line%%[![:space:]]*}"}
      words[\${#words[@]}]=
    fi
    word=\${word:0:\${#line}}
    line=\${line:\${#word}}
    words[\${#words[@]} - 1]+=$word
  done
  value=\${words[\${#words[@]} - 1]}
  words[\${#words[@]} - 1]=\${value//\\\\/}
  reply=$("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null) || return
  directive=\${reply##*:}
  # What is in front of the last = or : is not replaced.
  before=
  if [[ $value == -*=* ]]; then
    [[ $COMP_WORDBREAKS == *=* ]] || before=\${value%%=*}=
    value=\${value#*=}
  fi
  kept=
  [[ $COMP_WORDBREAKS == *:* && $value == *:* ]] && kept=\${value%:*}:
  case $directive in
    0 | 16)
      compopt -o filenames 2>/dev/null
      local kind=-f
      [[ $directive == 16 ]] && kind=-d
      while IFS= read -r candidate; do
        COMPREPLY[\${#COMPREPLY[@]}]=$before\${candidate#"$kept"}
      done < <(compgen $kind -- "$value")
      ;;
    *)
      while IFS=$'\\t' read -r candidate _; do
        [[ $candidate == :[0-9]* ]] && continue
        [[ $candidate == *[!A-Za-z0-9_@%+=:,./-]* ]] && printf -v candidate %q "$candidate"
        COMPREPLY[\${#COMPREPLY[@]}]=$before\${candidate#"$kept"}
      done <<<"$reply"
      ;;
  esac
}

complete -F _pamhook pamhook kubectl-pamhook
`;

const ZSH = `#compdef pamhook kubectl-pamhook
# zsh completion for pamhook and kubectl-pamhook: source it behind compinit, or put it into a directory of fpath as _pamhook

_pamhook() {
  local -a lines described
  local line directive typed=\${(Q)PREFIX}
  lines=("\${(@f)$(\${(Q)words[1]} __complete "\${(@Q)words[2,CURRENT-1]}" "$typed" 2>/dev/null)}")
  directive=$lines[-1]
  lines=($lines[1,-2])
  # What is in front of the = is not replaced.
  compset -P '-*='
  case $directive in
    :0) _files ;;
    :16) _files -/ ;;
    *)
      for line in $lines; do
        if [[ $line == *$'\\t'* ]]; then
          described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
        else
          described+=("\${line//:/\\\\:}")
        fi
      done
      _describe -t pamhook pamhook described
      ;;
  esac
}

if [[ $funcstack[1] == _pamhook ]]; then
  _pamhook
else
  compdef _pamhook pamhook kubectl-pamhook
fi
`;

const FISH = `# fish completion for pamhook and kubectl-pamhook: source it, or put it into ~/.config/fish/completions/pamhook.fish

function __pamhook_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program __complete $words "$typed" 2>/dev/null)
    or return
    set -l directive $lines[-1]
    set -e lines[-1]
    # fish wants the whole word.
    set -l before (string match -r -- '^-[^=]*=' "$typed")
    set -l value (string replace -r -- '^-[^=]*=' '' "$typed")
    switch $directive
        case ':0'
            set lines (__fish_complete_path "$value")
        case ':16'
            set lines (__fish_complete_directories "$value" '')
    end
    for line in $lines
        echo "$before$line"
    end
end

for program in pamhook kubectl-pamhook
    complete -c $program -f -k -a '(__pamhook_complete)'
end
`;

export const scripts: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
