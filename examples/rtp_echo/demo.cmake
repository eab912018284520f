# Runs ${LOAD} against ${ECHO} on the loopback interface; the plot goes to ${PLOT}.

execute_process(COMMAND "${CMAKE_COMMAND}" -E echo "")
execute_process(
    COMMAND sh "${CMAKE_CURRENT_LIST_DIR}/demo.sh" "${ECHO}" "${LOAD}" "${PLOT}"
    COMMAND_ERROR_IS_FATAL ANY)
