// The page's pure modules are tested beside them, in the browser's own language; this file brings them into the run.
import '../web/chart/scale.property.test.js';
import '../web/state/url-state.property.test.js';
import '../web/text/money.property.test.js';
import '../web/text/pretty-json.property.test.js';
