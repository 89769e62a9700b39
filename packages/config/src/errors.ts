/** Every code this package throws, with what it means and what to do. */
export const CONFIG_ERRORS = {
  CONFIG_NOT_FOUND: 'The file named by --config or WEIR_CONFIG cannot be read. Check the path and its permissions.',
  CONFIG_SYNTAX: 'weir.yaml is not valid YAML. The message names the line.',
  CONFIG_UNKNOWN_KEY: 'A key is not one of weir.yaml. The message names the nearest known one.',
  CONFIG_INVALID: 'A value has the wrong type or is out of range. The message names the field, the value and the rule.',
  CONFIG_MISSING_ENV: 'A value refers to an environment variable that is not set.',
  CONFIG_MISSING_FILE: 'A value refers to a file, ${file:…}, that cannot be read.',
} as const;
