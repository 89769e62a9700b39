wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer sk-bench"
wrk.headers["cf-aig-metadata"] = '{"feature":"bench","user":"u-1"}'
wrk.body = '{"model":"gpt-4o-mini","messages":[{"role":"system","content":"' .. string.rep("You summarise. ", 40) .. '"},{"role":"user","content":"Go."}]}'

function done(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %.1f %.1f %.1f %d\n", summary.requests, summary.requests / (summary.duration / 1e6),
    latency:percentile(50), latency:percentile(99), errors))
end
