-- SPDX-License-Identifier: BSD-2-Clause
-- For wrk: counts the answers whose body is not the one that is given as an argument.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  expected = arguments[1] .. "\n"
  other, count = 0, 0
end

function response(status, headers, body)
  count = count + 1
  if status ~= 200 or body ~= expected then
    other = other + 1
  end
end

function done(summary, latency, requests)
  local counted, others = 0, 0
  for _, thread in ipairs(threads) do
    counted, others = counted + thread:get("count"), others + thread:get("other")
  end
  local errors = summary.errors
  print(string.format("answers %d other %d errors %d", counted, others,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
