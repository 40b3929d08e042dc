// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Text.Json;
using Flower.Tests.EndToEnd;

namespace Flower.Tests.Documentation;

/// <summary>
/// The terminals of one page, in namespaces of their own (network, processes, mounts), where an ordinary user has a bash on
/// each: terminals.py. Whoever is left when this is disposed of dies with the namespace.
/// </summary>
internal sealed class Terminals : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _reading;
    private readonly Task<string> _errors;
    private readonly Dictionary<int, Terminal> _terminals = [];
    private readonly Lock _lock = new();

    // Completed, and replaced, whenever anything was printed.
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Terminals()
    {
        string script = Path.Combine(Programs.Root, "Flower.Tests/Documentation/terminals.py");
        _process = Process.Start(new ProcessStartInfo(
            Programs.Require("unshare"),
            [
                "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--",
                Programs.Require("python3"), script, Path.GetDirectoryName(Programs.Flower)!,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _errors = _process.StandardError.ReadToEndAsync();
        _reading = ReadAsync();
    }

    public Terminal this[int number]
    {
        get
        {
            lock (_lock)
            {
                if (!_terminals.TryGetValue(number, out Terminal? terminal))
                {
                    _terminals.Add(number, terminal = new(number));
                    Send($$"""{"terminal":{{number}},"type":""}""");
                }

                return terminal;
            }
        }
    }

    public void Type(Terminal terminal, string text) =>
        Send($$"""{"terminal":{{terminal.Number}},"type":{{JsonSerializer.Serialize(text)}}}""");

    public void Save(string path, string text) =>
        Send($$"""{"file":{{JsonSerializer.Serialize(path)}},"text":{{JsonSerializer.Serialize(text)}}}""");

    /// <summary>Asks until the answer is yes, whenever a terminal has printed something.</summary>
    /// <returns>False: it was not, within the limit.</returns>
    public async Task<bool> UntilAsync(Func<bool> condition, TimeSpan limit)
    {
        using var given = new CancellationTokenSource(limit);
        while (true)
        {
            Task news;
            lock (_lock)
            {
                news = _news.Task;
                if (condition())
                {
                    return true;
                }
            }

            try
            {
                await (await Task.WhenAny(news, _reading).WaitAsync(given.Token)).WaitAsync(given.Token);
            }
            catch (OperationCanceledException)
            {
                return false;
            }

            if (_reading.IsCompleted)
            {
                throw new InvalidOperationException($"the terminals have ended: {await _errors}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().Within();
        await _reading.Within();
        _process.Dispose();
    }

    private void Send(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement told = document.RootElement;
            Terminal terminal = this[told.GetProperty("terminal").GetInt32()];
            lock (_lock)
            {
                if (told.TryGetProperty("output", out JsonElement output))
                {
                    terminal.Print(output.GetString()!);
                }
                else
                {
                    terminal.IsReady = true;
                }

                _news.SetResult();
                _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }
}
