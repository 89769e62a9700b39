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
  head = '{"model":"gpt-4o-mini","messages":[{"role":"system","content":"' .. prompt .. '"},{"role":"user","content":"Go '
  run = tostring(os.time()) .. tostring(math.random(1e9))
  count = 0
end

-- No two are equal: a cache is asked, and has none of them.
function request()
  count = count + 1
  return wrk.format(nil, nil, nil, head .. run .. count .. '."}]}')
end

function done(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("RESULT %d %.1f %d\n", summary.requests, summary.requests / (summary.duration / 1e6), errors))
end
