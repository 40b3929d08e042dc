// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Routing;

/// <summary>The places of requests that wait, and what it costs to look through them.</summary>
internal sealed class WaitingRequestsTests
{
    private EventLoop _loop = null!;
    private WaitingRequests _waiting = null!;

    [SetUp]
    public void Start()
    {
        _loop = new EventLoop("test-board", null);
        _waiting = new WaitingRequests(_loop);
    }

    [TearDown]
    public void Stop() => _loop.Dispose();

    [Test]
    public async Task WaitAsync_OneUserTakesHisShare_OthersStillHaveTheirs()
    {
        using var over = new CancellationTokenSource();
        var waits = new List<Task>();
        await _loop.Invoke(() =>
        {
            for (int i = 0; i < 1024; i++)
            {
                waits.Add(_waiting.WaitAsync(_waiting.TakePlace(), () => false, 1000, isLimited: true, over.Token));
            }

            waits.Add(_waiting.WaitAsync(_waiting.TakePlace(), () => false, 1001, isLimited: true, over.Token));
        }).Soon();

        Task tooMany = Task.CompletedTask;
        await _loop.Invoke(() =>
        {
            tooMany = _waiting.WaitAsync(_waiting.TakePlace(), () => false, 1000, isLimited: true, over.Token);
        }).Soon();
        RpcException refused = await tooMany.Failure();
        Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(refused.Status.Detail, Is.EqualTo("1024 requests of user 1000 wait for a target, the limit"));
        Assert.That(_waiting.Count, Is.EqualTo(1025));

        await over.CancelAsync();
        foreach (Task wait in waits)
        {
            Assert.That(async () => await wait.Soon(), Throws.InstanceOf<OperationCanceledException>());
        }

        Task again = Task.CompletedTask;
        await _loop.Invoke(() =>
        {
            again = _waiting.WaitAsync(_waiting.TakePlace(), () => true, 1000, isLimited: true, default);
            _waiting.Wake();
        }).Soon();
        await again.Soon();
    }

    [Test]
    public async Task WaitAsync_AgainSinceItWasTooLate_IsWokenBeforeWhoCameLater()
    {
        var woken = new List<string>();
        var later = new List<Task>();
        await _loop.Invoke(async () =>
        {
            long place = _waiting.TakePlace();
            bool isForLater = false;
            later.Add(WaitAsync("later", _waiting.TakePlace(), () => isForLater));
            Task first = WaitAsync("first", place, () => true);
            _waiting.Wake();
            await first;
            later.Add(WaitAsync("first", place, () => true));
            isForLater = true;
            _waiting.Wake();
        }).Soon();
        await Task.WhenAll(later).Soon();

        Assert.That(woken, Is.EqualTo((string[])["first", "first", "later"]));

        async Task WaitAsync(string who, long place, Func<bool> isMet)
        {
            await _waiting.WaitAsync(place, isMet, 1000, isLimited: false, default);
            woken.Add(who);
        }
    }

    [Test]
    public async Task Wake_AgainAndAgainWhileManyWait_LooksOnceMoreAndMissesNothing()
    {
        const int Count = 2000;
        int looks = 0;
        bool isThere = false;
        var waits = new List<Task>();
        await _loop.Invoke(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                waits.Add(_waiting.WaitAsync(
                    _waiting.TakePlace(),
                    () =>
                    {
                        looks++;
                        return isThere;
                    },
                    1000, isLimited: false, default));
            }

            _waiting.Wake();
            Assert.That(looks, Is.EqualTo(Count), "at once");
            isThere = true;
            for (int i = 0; i < 1000; i++)
            {
                _waiting.Wake();
            }
        }).Soon();

        foreach (Task wait in waits)
        {
            await wait.Soon();
        }

        Assert.That(looks, Is.LessThanOrEqualTo(3 * Count));
    }
}
