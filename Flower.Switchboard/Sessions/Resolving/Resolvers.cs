// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>
/// Which resolver is asked for a request, and who waits for one. On the loop. A board without resolvers for the keys of a
/// request pays one look at each key for them.
/// </summary>
internal sealed class Resolvers(TargetDirectory<Target> directory)
{
    // The keys that registered resolvers translate, and how many do.
    private readonly Dictionary<string, int> _keys = new(StringComparer.Ordinal);
    private readonly LinkedList<(Request Wish, CancellationTokenSource Came)> _waiting = new();

    /// <summary>A resolver was registered: who waits for one that matches looks again.</summary>
    public void Add(Target target)
    {
        foreach (string key in target.Resolver!.Keys)
        {
            _keys[key] = _keys.GetValueOrDefault(key) + 1;
        }

        foreach ((Request wish, CancellationTokenSource came) in _waiting.ToArray())
        {
            if (Find(wish, []).Count > 0)
            {
                came.Cancel();
            }
        }
    }

    /// <summary>A resolver is not registered any more.</summary>
    public void Remove(Target target)
    {
        foreach (string key in target.Resolver!.Keys)
        {
            if (--_keys[key] == 0)
            {
                _keys.Remove(key);
            }
        }
    }

    /// <summary>
    /// The resolvers that are asked for a request, one after another: those that match it best and translate a key which
    /// none of the targets states that it would reach as it is. One that did not answer last time comes last. None: none need
    /// be asked.
    /// </summary>
    /// <param name="wish">The request.</param>
    /// <param name="translated">The keys that have been translated.</param>
    public IReadOnlyList<Target> Find(Request wish, IReadOnlyCollection<string> translated)
    {
        if (_keys.Count == 0)
        {
            return [];
        }

        List<string> names = [.. wish.Stated.Labels.Select(l => l.Key)
            .Where(key => _keys.ContainsKey(key) && !translated.Contains(key, StringComparer.Ordinal))];
        if (names.Count == 0)
        {
            return [];
        }

        Lookup<Target> asItIs = directory.Find(wish.Query);
        names.RemoveAll(name => asItIs.Targets.Any(target => target.Own.States(name)));
        if (names.Count == 0)
        {
            return [];
        }

        Lookup<Target> found = directory.FindResolvers(
            wish.Query.ForResolvers(), target => names.Exists(target.Resolver!.Translates));
        return [.. found.Targets.OrderBy(target => target.Resolver!.WasSilent)];
    }

    /// <summary>
    /// Does something that waits, and lets it be when a resolver is registered that would be asked for the request: then
    /// the result is null.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<T?> UntilOneComesAsync<T>(
        Request wish, Func<CancellationToken, ValueTask<T?>> wait, CancellationToken client)
        where T : class
    {
        using var came = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, came.Token);
        LinkedListNode<(Request, CancellationTokenSource)> node = _waiting.AddLast((wish, came));
        try
        {
            return await wait(either.Token);
        }
        catch (OperationCanceledException) when (came.IsCancellationRequested && !client.IsCancellationRequested)
        {
            return null;
        }
        finally
        {
            _waiting.Remove(node);
        }
    }
}
