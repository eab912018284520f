# Runs ${REPLAY} on the captures of sip-tester in ${CAPTURES}; the speech is also written to ${WAV}.

file(GLOB captures LIST_DIRECTORIES false "${CAPTURES}/dtmf_2833_*.pcap")
if(NOT captures OR NOT EXISTS "${CAPTURES}/g711a.pcap")
    message(FATAL_ERROR "The captures of Debian's package sip-tester are not in ${CAPTURES}: "
        "run cmake/install-deps.sh, or apt-get install sip-tester.")
endif()
foreach(capture IN LISTS captures)
    execute_process(COMMAND "${REPLAY}" "${capture}" COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "")
endforeach()
execute_process(COMMAND "${REPLAY}" "${CAPTURES}/g711a.pcap" --wav "${WAV}"
    COMMAND_ERROR_IS_FATAL ANY)
