/** Every code the command line shows, with what it means and what to do. */
export const CLI_ERRORS = {
  CLI_USAGE: 'The command line has an unknown command or option. `weir --help` lists them.',
  CLI_PORT_IN_USE: 'Another program listens on a port that Weir needs. Stop it, or set another port in weir.yaml.',
  CLI_ALREADY_RUNNING: 'A Weir already runs on this data directory. Stop it, or start with another one.',
  CLI_NOT_RUNNING: 'The command needs a running Weir. Start one with `npm start`.',
  CLI_UNKNOWN_TOPIC: 'No such topic. The message lists the topics.',
  CLI_URL_UNSUPPORTED: 'A url in weir.yaml names a driver that this version does not have.',
  CLI_DIRECTORY: 'A data directory cannot be made or written. Check its path and permissions.',
  CLI_TOKEN_REFUSED: 'The token server gave no token for Kafka. Check the token settings under log.kafka.',
  CLI_SERVICE_UNKNOWN: 'There is no such service to run. The message lists them.',
  CLI_FILE_UNREADABLE: 'A file that a command was to read cannot be read. Check its path and permissions.',
  CLI_ROW_UNKNOWN:
    'The ledger has no row of that id. It comes a few seconds after the call ended; `weir doctor` shows how far it is.',
  CLI_QUERY_FAILED: 'The warehouse refused the query. The message is the ClickHouse one.',
  CLI_SERIES_INVALID:
    'The file of `weir backtest --series` is not rows of timestamp,value. The message names the line and what stands there.',
} as const;
