export { OBJECT_STORE_ERRORS } from './errors.ts';
export { measure } from './measure.ts';
export type {
  ListedObject,
  ObjectStore,
  PutCondition,
  SmallObject,
  StoreAbilities,
  StoredObject,
} from './object-store.ts';
export { parseStoreUrl, type StoreUrl } from './store-url.ts';
