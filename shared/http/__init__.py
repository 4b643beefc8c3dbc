"""HTTP/1.1 on asyncio and llhttp (httptools): the server of the functions and of the gateway."""
