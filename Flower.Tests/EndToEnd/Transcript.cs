// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics.CodeAnalysis;

namespace Flower.Tests.EndToEnd;

/// <summary>The lines that a process wrote, the first of them at least, and who waits for one. Thread-safe.</summary>
internal sealed class Transcript
{
    private const int MaxLines = 10_000;
    private const int MaxLineChars = 16_384;

    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _ended;

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Reads until the end.</summary>
    public async Task FillAsync(TextReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            Change(() =>
            {
                if (_lines.Count < MaxLines)
                {
                    _lines.Add(line.Length > MaxLineChars ? line[..MaxLineChars] : line);
                }
            });
        }

        Change(() => _ended = true);
    }

    /// <summary>The first line, past or future, that contains all the words.</summary>
    public async Task<string> AwaitLineAsync(params string[] words)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (true)
        {
            if (!TryFind(words, out string? found, out Task changed, out bool ended))
            {
                if (ended || limit.IsCancellationRequested)
                {
                    throw new TimeoutException($"no line with '{string.Join("', '", words)}' in:\n{this}");
                }

                await changed.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                continue;
            }

            return found;
        }
    }

    public override string ToString() => string.Join('\n', Lines);

    private bool TryFind(string[] words, [NotNullWhen(true)] out string? found, out Task changed, out bool ended)
    {
        lock (_lock)
        {
            found = _lines.Find(line => words.All(word => line.Contains(word, StringComparison.Ordinal)));
            changed = _changed.Task;
            ended = _ended;
            return found is not null;
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource waiters;
        lock (_lock)
        {
            change();
            waiters = _changed;
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiters.SetResult();
    }
}
