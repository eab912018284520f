# Runs a call of ${LOAD} through ${RELAY} to ${ECHO} on the loopback interface.

execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "")
execute_process(
    COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/demo.sh" "${ECHO}" "${RELAY}" "${LOAD}"
    COMMAND_ERROR_IS_FATAL ANY)
