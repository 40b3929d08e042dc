// SPDX-License-Identifier: BSD-2-Clause
using System.Threading.Channels;
using Flower.Client;
using Flower.Protocol;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Somebody who watches a board in this process, and reads as fast as it tells.</summary>
internal sealed class Onlooker : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<BoardEvent> _told = Channel.CreateUnbounded<BoardEvent>();
    private readonly Task _reading;

    private Onlooker(Handle handle, LabelSet labels) => _reading = ReadAsync(handle, labels);

    /// <summary>Watches, once the first snapshot is complete, which is skipped.</summary>
    public static async Task<Onlooker> AfterSnapshotAsync(Handle handle, params string[] words)
    {
        var onlooker = new Onlooker(handle, LabelSet.ParseWords(words));
        await onlooker.NextAsync<SnapshotNotice>(snapshot => snapshot.HasEnded);
        return onlooker;
    }

    /// <summary>Watches from the first event on.</summary>
    public static Onlooker Begin(Handle handle, params string[] words) => new(handle, LabelSet.ParseWords(words));

    /// <summary>What is told next.</summary>
    public Task<BoardEvent> NextAsync() => _told.Reader.ReadAsync().AsTask().Soon();

    /// <summary>What is told next, which must be that.</summary>
    public async Task<T> NextAsync<T>()
        where T : BoardEvent
    {
        BoardEvent next = await NextAsync();
        Assert.That(next, Is.TypeOf<T>(), next.Name);
        return (T)next;
    }

    /// <summary>The next that is such a one; others before it are skipped.</summary>
    public async Task<T> NextAsync<T>(Func<T, bool> isWanted)
        where T : BoardEvent
    {
        while (true)
        {
            if (await NextAsync() is T next && isWanted(next))
            {
                return next;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.Soon();
        _stop.Dispose();
    }

    private async Task ReadAsync(Handle handle, LabelSet labels)
    {
        try
        {
            await foreach (BoardEvent told in handle.WatchAsync(labels, _stop.Token))
            {
                await _told.Writer.WriteAsync(told);
            }
        }
        catch (OperationCanceledException)
        {
            // The test has seen enough.
        }
        catch (FlowerException e)
        {
            _told.Writer.TryComplete(e);
        }
    }
}
