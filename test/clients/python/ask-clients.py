"""Asks the official Python clients: a question a line on standard input, what the client made of the answer on standard output."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import anthropic
import openai
from anthropic.types import Message
from openai.types.chat import ChatCompletion

BROKEN = {"provider": "grok", "endpoint": "v1/chat/completions", "query": {"model": "grok-4", "messages": []}}
writing = Lock()


def steps(own, question):
    """The client's request behind that of a provider which fails, for the universal endpoint."""
    first = {**question["headers"], "x-replay-fault": "status=503"}
    return [{**BROKEN, "headers": first}, own]


def ask_openai(question):
    url = question["ingressUrl"]
    client = openai.OpenAI(
        base_url=url if question["universal"] else f"{url}/openai/v1",
        api_key=question["apiKey"],
        max_retries=question["retries"],
        default_headers=question["headers"],
    )
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question["prompt"]}]}
    if question["tool"]:
        request |= {"tools": [{"type": "function", "function": question["weather"]}], "tool_choice": "required"}
    if question["universal"]:
        headers = {**question["headers"], "authorization": f"Bearer {question['apiKey']}"}
        own = {"provider": "openai", "endpoint": "chat/completions", "headers": headers, "query": request}
        answer = client.post("/v1/acme/default", cast_to=ChatCompletion, body=steps(own, question))
    elif question["stream"]:
        with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as stream:
            answer = stream.get_final_completion()
    else:
        answer = client.chat.completions.create(**request)
    message = answer.choices[0].message
    calls = [{"name": c.function.name, "arguments": json.loads(c.function.arguments)} for c in message.tool_calls or []]
    usage = answer.usage
    return message.content or "", calls, usage.prompt_tokens, usage.completion_tokens


def ask_anthropic(question):
    url = question["ingressUrl"]
    client = anthropic.Anthropic(
        base_url=url if question["universal"] else f"{url}/anthropic",
        api_key=question["apiKey"],
        max_retries=question["retries"],
        default_headers=question["headers"],
    )
    messages = [{"role": "user", "content": question["prompt"]}]
    request = {"model": "claude-haiku-4-5", "max_tokens": 256, "messages": messages}
    if question["tool"]:
        weather = question["weather"]
        tool = {"name": weather["name"], "description": weather["description"], "input_schema": weather["parameters"]}
        request |= {"tools": [tool], "tool_choice": {"type": "any"}}
    if question["universal"]:
        headers = {**question["headers"], "x-api-key": question["apiKey"], "anthropic-version": "2023-06-01"}
        own = {"provider": "anthropic", "endpoint": "v1/messages", "headers": headers, "query": request}
        answer = client.post("/v1/acme/default", cast_to=Message, body=steps(own, question))
    elif question["stream"]:
        with client.messages.stream(**request) as stream:
            answer = stream.get_final_message()
    else:
        answer = client.messages.create(**request)
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = [{"name": b.name, "arguments": b.input} for b in answer.content if b.type == "tool_use"]
    return text, calls, answer.usage.input_tokens, answer.usage.output_tokens


CLIENTS = {"openai": ask_openai, "anthropic": ask_anthropic}


def reply(line):
    question = json.loads(line)
    try:
        text, calls, input_tokens, output_tokens = CLIENTS[question["client"]](question)
        result = {"answer": {"text": text, "toolCalls": calls, "inputTokens": input_tokens, "outputTokens": output_tokens}}
    except Exception as error:  # What the client throws is what is asked for.
        result = {"error": {"name": type(error).__name__, "status": getattr(error, "status_code", None), "text": str(error)}}
    with writing:
        print(json.dumps({"id": question["id"], **result}), flush=True)


print("ready", flush=True)
with ThreadPoolExecutor(max_workers=8) as pool:
    for asked in sys.stdin:
        pool.submit(reply, asked)
