# shellcheck shell=bash
# Read by .ci/run and .ci/elsewhere: runs named steps, counts their tests, and says what came of it.
# The script says in $logs where the log of each step is left.
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
exec </dev/null
chosen=" $* " # names of steps; all of them if none is given
steps=0
passed=0
failed=0
skipped=0

# The tree may belong to another user, as a mounted one does in a container.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$PWD

# With ccache, what an earlier run compiled is not compiled again: its own key is the whole input of
# the compiler, and it repeats the warnings. The tree may have been elsewhere in that run.
if command -v ccache >/dev/null; then
    export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
    export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=15G
    export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
fi

# A step that runs ctest counts its tests, any other counts as one. With status 77 it is skipped:
# what it needs is not to be had here.
step() { # name, command
    : "${logs:?}"
    local name=$1 log=$logs/$1.log begin=$SECONDS status=0 summary good=0 bad=0 left_out=0
    shift
    [[ $chosen == "  " || $chosen == *" $name "* ]] || return 0
    steps=$((steps + 1))
    "$@" >"$log" 2>&1 || status=$?
    while read -r summary; do
        [[ $summary =~ ([0-9]+)' tests failed out of '([0-9]+) ]] || continue
        bad=$((bad + BASH_REMATCH[1]))
        good=$((good + BASH_REMATCH[2] - BASH_REMATCH[1]))
    done < <(grep -E '^[0-9]+% tests passed' "$log" || true)
    left_out=$(grep -cE '[.]+\*\*\*Skipped +[0-9.]+ sec' "$log" || true) # among ctest's passed ones
    good=$((good - left_out))
    if ((status == 77)); then
        left_out=$((left_out + 1))
    elif ((status != 0 && bad == 0)); then
        bad=1
    elif ((good + bad + left_out == 0)); then
        good=1
    fi
    ((status == 0)) || tail -n 60 "$log"
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + left_out))
    printf '%-12s %4d s  %3d passed, %d failed' "$name" $((SECONDS - begin)) "$good" "$bad"
    ((left_out == 0)) || printf ', %d skipped' "$left_out"
    echo
}

# For a step that lacks something: `skip "no wine here"; return`.
skip() { # reason
    echo "skipped: $*"
    return 77
}

total() { # the last line; fails if anything did, or if a name on the command line is no step
    local names
    read -ra names <<<"$chosen"
    if ((${#names[@]} > steps)); then
        echo "no such step among:$chosen"
        failed=$((failed + 1))
    fi
    printf '%d passed, %d failed' "$passed" "$failed"
    ((skipped == 0)) || printf ', %d skipped' "$skipped"
    echo
    ((failed == 0))
}
