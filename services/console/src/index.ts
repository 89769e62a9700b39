export type * from './api/answers.ts';
export { type ConsoleConfig, type ConsoleDependencies, createConsole } from './create-console.ts';
export { CONSOLE_ERRORS } from './errors.ts';
