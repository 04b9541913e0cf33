// The comparison that the end to end tests rely on: it finds one wrong pixel, and none in an equal picture.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newPage, open } from './lib/chromium.mjs'
import { differingPixels } from './lib/pixels.mjs'

let browser
before(async () => { browser = await open() })
after(() => browser?.close())

async function canvasAndItsPng() {
  const page = await newPage(browser)
  await page.setContent('<canvas width="64" height="32"></canvas>')
  const canvas = page.locator('canvas')
  const png = await canvas.evaluate((element) => {
    const context = element.getContext('2d')
    context.fillStyle = '#102030'
    context.fillRect(0, 0, 64, 32)
    context.fillStyle = '#f0a010'
    context.fillRect(7, 5, 20, 9)
    return element.toDataURL('image/png').split(',')[1]
  })
  return { canvas, png: Buffer.from(png, 'base64') }
}

test('an equal picture has no differing pixel', async () => {
  const { canvas, png } = await canvasAndItsPng()
  assert.deepEqual(await differingPixels(canvas, png), { count: 0, first: null })
})

test('one wrong pixel is found where it is', async () => {
  const { canvas, png } = await canvasAndItsPng()
  await canvas.evaluate((element) => {
    const context = element.getContext('2d')
    context.fillStyle = '#f0a011'
    context.fillRect(9, 6, 1, 1)
  })
  assert.deepEqual(await differingPixels(canvas, png), { count: 1, first: { x: 9, y: 6 } })
})

test('a canvas that a worker draws is read like any other', async () => {
  const { canvas, png } = await canvasAndItsPng()
  const drawn = await canvas.page().evaluateHandle(async (base64) => {
    const element = document.body.appendChild(document.createElement('canvas'))
    element.width = element.height = 1
    const source = `onmessage = async ({ data }) => {
      const picture = await createImageBitmap(await (await fetch(data.url)).blob())
      data.canvas.width = picture.width
      data.canvas.height = picture.height
      data.canvas.getContext('2d').drawImage(picture, 0, 0)
      requestAnimationFrame(() => requestAnimationFrame(() => postMessage('drawn')))
    }`
    const worker = new Worker(URL.createObjectURL(new Blob([source])))
    const canvas = element.transferControlToOffscreen()
    worker.postMessage({ canvas, url: `data:image/png;base64,${base64}` }, [canvas])
    await new Promise((resolve) => { worker.onmessage = resolve })
    return element
  }, png.toString('base64'))
  assert.deepEqual(await differingPixels(drawn, png), { count: 0, first: null })
})

test('a canvas of another size is refused', async () => {
  const { canvas, png } = await canvasAndItsPng()
  await canvas.evaluate((element) => { element.width = 63 })
  await assert.rejects(differingPixels(canvas, png), /the canvas has 63x32, the screen 64x32/)
})
