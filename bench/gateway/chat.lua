-- wrk … -- <bytes of the prompt> [name=value of a header]…
function init(args)
  wrk.method = "POST"
  wrk.headers["content-type"] = "application/json"
  wrk.headers["authorization"] = "Bearer sk-bench"
  for index = 2, #args do
    local name, value = args[index]:match("^([^=]+)=(.*)$")
    wrk.headers[name] = value
  end
  local prompt = string.rep("You summarise. ", math.ceil(tonumber(args[1]) / 15))
  wrk.body = '{"model":"gpt-4o-mini","messages":[{"role":"system","content":"' .. prompt .. '"},{"role":"user","content":"Go."}]}'
end

function done(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %.1f %d\n", summary.requests, summary.requests / (summary.duration / 1e6), errors))
end
