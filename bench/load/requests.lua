-- wrk's side: sends the prepared requests of a file, which end with a NUL each, in turn; prints what it counted as one line of JSON.
local requests, count, at = {}, 0, 0

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  for request in file:read('*a'):gmatch('[^%z]+') do
    count = count + 1
    requests[count] = request
  end
  file:close()
end

function request()
  at = at % count + 1
  return requests[at]
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\nRESULT {"answered":%d,"failed":%d,"seconds":%.6f}\n', summary.requests, failed, summary.duration / 1e6))
end
