-- The load: posts one body again and again. BODY names its file.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = assert(io.open(os.getenv("BODY")))
wrk.body = file:read("*a")
file:close()
