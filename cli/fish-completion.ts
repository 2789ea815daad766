/** A script for the completion of fish. The parser of the command line has those of bash and zsh. */

/** With the shell fish, the parser lists a description after each word. Without words of its own, files are listed. */
export const fishCompletion = `# Completion of descent. Save this as ~/.config/fish/completions/descent.fish
function __descent_completions
    set -l current (commandline -ct)
    set -l found (env SHELL=fish descent --get-yargs-completions (commandline -opc) "$current" 2>/dev/null)
    if test (count $found) -eq 0
        __fish_complete_path "$current"
    else
        printf '%s\\n' $found
    end
end
complete -c descent -f -a '(__descent_completions)'
`
